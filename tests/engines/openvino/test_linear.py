"""Convolutions that are split compute the same numbers, image after image; others are left alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from hub.engines.base import Batch, Normalize, load
from hub.engines.openvino.linear import average_early, convolve_apart, split_convolutions
from hub.errors import EngineError
from tests.engines.openvino.test_graph import kinds, normal, run

pytestmark = pytest.mark.unit

CHANNELS = 6
MEAN_0 = Normalize((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

#: From a map to a map.
Build = Callable[[Any], Any]


def convolved(x: Any, outputs: int = 4, inputs: int = CHANNELS, side: int = 3, stride: int = 1) -> Any:
    pads = [side // 2] * 2
    return ops.convolution(x, normal(outputs, inputs, side, side), [stride] * 2, pads, pads, [1, 1])


def enlarged(x: Any, factor: float = 2, mode: str = "nearest", **other: str) -> Any:
    return ops.interpolate(
        x,
        np.float32([1, 1, factor, factor]),
        mode,
        "scales",
        coordinate_transformation_mode="asymmetric",
        **{"nearest_mode": "floor", **other},
    )


def shrunk(x: Any) -> Any:
    return convolved(x, CHANNELS, stride=2)


def gated(x: Any) -> Any:
    return ops.multiply(ops.sigmoid(ops.reduce_mean(x, np.array([2, 3]), keep_dims=True)), x)


def widened(x: Any) -> Any:
    return convolved(convolved(x, 3, side=1), CHANNELS, inputs=3, side=1)


def neck(x: Any) -> Any:
    return convolved(ops.add(gated(widened(x)), enlarged(gated(shrunk(x)))))


def head(x: Any) -> Any:
    half = shrunk(x)
    maps = [enlarged(gated(shrunk(half)), 4), enlarged(half), gated(x)]
    return convolved(ops.concat(maps, 1), inputs=3 * CHANNELS)


def assert_same(found: Any, expected: Any) -> None:
    """Equal but for rounding."""
    np.testing.assert_allclose(found, expected, atol=2e-6 * max(1.0, float(np.abs(expected).max())), rtol=0)


def model_of(build: Build) -> Any:
    x = ops.parameter([1, CHANNELS, -1, -1], np.float32)
    return ov.Model([build(x)], [x])


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: convolved(enlarged(x)), id="enlarged twice"),
        pytest.param(lambda x: convolved(enlarged(x, 8)), id="enlarged eight times"),
        pytest.param(lambda x: convolved(ops.add(x, enlarged(shrunk(x)))), id="sum"),
        pytest.param(neck, id="neck"),
        pytest.param(head, id="head"),
    ],
)
@pytest.mark.parametrize("size", [(8, 12), (4, 4)])
def test_a_convolution_of_something_enlarged_is_computed_at_its_small_size(
    build: Build, size: tuple[int, int]
) -> None:
    model = model_of(build)
    image = normal(1, CHANNELS, *size)
    expected = run(model, image)
    split_convolutions(model)
    assert "DepthToSpace" in kinds(model)
    assert_same(run(model, image), expected)


def test_gates_of_one_image_are_not_those_of_another() -> None:
    model = model_of(neck)
    images = [normal(1, CHANNELS, 8, 12) * scale for scale in (1, 5)]
    expected = [run(model, image) for image in images]
    split_convolutions(model)
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for image, numbers in zip(images, expected, strict=True):
        assert_same(compiled([image])[0], numbers)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: convolved(gated(x)), id="nothing enlarged"),
        pytest.param(lambda x: convolved(enlarged(x), stride=2), id="stride"),
        pytest.param(lambda x: convolved(enlarged(x), side=5), id="5 x 5"),
        pytest.param(lambda x: convolved(enlarged(x, 3)), id="three times"),
        pytest.param(lambda x: convolved(enlarged(x, mode="linear_onnx")), id="linear"),
        pytest.param(lambda x: convolved(enlarged(x, nearest_mode="ceil")), id="ceil"),
        pytest.param(lambda x: convolved(ops.add(enlarged(x), normal(1, CHANNELS, 1, 1))), id="biased"),
        pytest.param(lambda x: convolved(ops.add(enlarged(x), enlarged(convolved(x, 1)))), id="one for all"),
        pytest.param(lambda x: convolved(ops.relu(enlarged(x))), id="not linear"),
    ],
)
def test_other_convolutions_stay(build: Build) -> None:
    model = model_of(build)
    before = kinds(model)
    split_convolutions(model)
    assert kinds(model) == before


def side_by_side(x: Any) -> Any:
    return ops.concat([ops.relu(x), convolved(x, 3)], 1)


def test_a_convolution_with_a_stride_of_maps_side_by_side_is_the_sum_of_theirs() -> None:
    model = model_of(lambda x: convolved(side_by_side(x), inputs=CHANNELS + 3, stride=2))
    image = normal(1, CHANNELS, 8, 12)
    expected = run(model, image)
    convolve_apart(model)
    assert "Concat" not in kinds(model)
    assert_same(run(model, image), expected)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda x: convolved(side_by_side(x), inputs=CHANNELS + 3), id="no stride"),
        pytest.param(lambda x: convolved(ops.concat([x, x], 2), stride=2), id="one above the other"),
    ],
)
def test_other_convolutions_of_joined_maps_stay(build: Build) -> None:
    model = model_of(build)
    before = kinds(model)
    convolve_apart(model)
    assert kinds(model) == before


def test_the_mean_of_a_widened_map_is_taken_before_it_is_widened() -> None:
    model = model_of(lambda x: ops.reduce_mean(widened(x), np.array([2, 3]), keep_dims=True))
    image = normal(1, CHANNELS, 8, 12)
    expected = run(model, image)
    average_early(model)
    order = kinds(model)
    assert order.index("ReduceMean") < len(order) - 1 - order[::-1].index("Convolution")
    assert_same(run(model, image), expected)


def test_the_mean_of_a_narrowed_map_and_one_over_channels_stay() -> None:
    model = model_of(
        lambda x: ops.add(
            ops.reduce_mean(convolved(x, 3, side=1), np.array([2, 3]), keep_dims=True),
            ops.reduce_mean(widened(x), np.array([1, 2, 3]), keep_dims=True),
        )
    )
    before = kinds(model)
    average_early(model)
    assert kinds(model) == before


@pytest.mark.models
def test_a_detector_with_four_split_convolutions_has_the_same_map(weights: dict[str, Path]) -> None:
    path = str(weights["PP-OCRv4_mobile_det"] / "inference.pdmodel")
    image = normal(1, 3, 64, 96)
    expected = run(ov.Core().read_model(path), image)
    model = ov.Core().read_model(path)
    assert kinds(model).count("DepthToSpace") == 0
    model.reshape([1, 3, -1, -1])
    split_convolutions(model)
    average_early(model)
    assert kinds(model).count("DepthToSpace") == 4
    np.testing.assert_allclose(run(model, image), expected, atol=1e-4)


@pytest.mark.models
def test_images_at_the_same_time_do_not_get_each_others_gates(weights: dict[str, Path]) -> None:
    folder = weights["PP-OCRv4_mobile_det"]
    model = load(
        folder, engine="openvino", precision="f32", normalize=MEAN_0, wide=True, single=True, threads=8
    )
    rng = np.random.default_rng(3)
    batches = [Batch(rng.integers(0, high, (1, 64, 96, 3), np.uint8)) for high in (30, 255)]
    alone = [next(iter(model.run_many([batch])))[0] for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda n: next(iter(model.run_many([batches[n % 2]])))[0], range(40)))
    for number, found in enumerate(together):
        np.testing.assert_allclose(found, alone[number % 2], atol=1e-6)


@pytest.mark.models
def test_a_model_for_single_images_says_so_when_it_gets_two(weights: dict[str, Path]) -> None:
    model = load(weights["PP-OCRv4_mobile_det"], engine="openvino", normalize=MEAN_0, wide=True, single=True)
    with pytest.raises(EngineError, match="shape"):
        list(model.run_many([Batch(np.zeros((2, 64, 96, 3), np.uint8))]))
