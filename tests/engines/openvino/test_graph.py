"""The rewritten graph computes what the original does, and is left alone where it is no such graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
import pytest
from openvino import opset13 as ops

from hub.engines.openvino.graph import enlarge_last, gate_once

pytestmark = pytest.mark.unit

RNG = np.random.default_rng(5)


def normal(*shape: int) -> npt.NDArray[np.float32]:
    return RNG.normal(size=shape).astype(np.float32)


def run(model: Any, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    properties = {"INFERENCE_PRECISION_HINT": "f32"}
    output: npt.NDArray[np.float32] = ov.Core().compile_model(model, "CPU", properties)([x])[0]
    return output


def kinds(model: Any) -> list[str]:
    return [node.get_type_name() for node in model.get_ordered_ops()]


def enlarging(x: Any, inputs: int, outputs: int, **other: Any) -> Any:
    return ops.convolution_backprop_data(
        x, normal(inputs, outputs, 2, 2), **{"strides": [2, 2], "auto_pad": "explicit", **other}
    )


def head(x: Any) -> Any:
    """Like DB's: enlarge, bias, batch normalisation, ReLU, enlarge, bias, sigmoid."""
    y = ops.add(enlarging(x, 3, 5), normal(1, 5, 1, 1))
    y = ops.relu(ops.batch_norm_inference(y, normal(5), normal(5), normal(5), normal(5) ** 2 + 0.5, 1e-5))
    return ops.sigmoid(ops.add(enlarging(y, 5, 2), normal(1, 2, 1, 1)))


def test_a_head_enlarged_last_has_the_same_map() -> None:
    x = ops.parameter([-1, 3, -1, -1], np.float32)
    model = ov.Model([head(x)], [x])
    image = normal(2, 3, 6, 9)
    expected = run(model, image)
    enlarge_last(model)
    assert "ConvolutionBackpropData" not in kinds(model)
    assert expected.shape == (2, 2, 24, 36)
    np.testing.assert_allclose(run(model, image), expected, atol=1e-6)


@pytest.mark.parametrize(
    "other", [{"strides": [1, 1]}, {"auto_pad": "same_upper"}, {"output_padding": [1, 1]}], ids=str
)
def test_other_transposed_convolutions_stay(other: dict[str, Any]) -> None:
    x = ops.parameter([-1, 3, -1, -1], np.float32)
    model = ov.Model([ops.relu(enlarging(x, 3, 5, **other))], [x])
    before = kinds(model)
    enlarge_last(model)
    assert kinds(model) == before


def test_a_head_that_ends_in_something_else_stays() -> None:
    x = ops.parameter([-1, 3, -1, -1], np.float32)
    model = ov.Model([ops.softmax(enlarging(x, 3, 5), 1)], [x])
    before = kinds(model)
    enlarge_last(model)
    assert kinds(model) == before


@pytest.mark.parametrize("x_first", [True, False])
def test_a_gated_sum_is_one_product(x_first: bool) -> None:
    x = ops.parameter([-1, 3, -1, -1], np.float32)
    gate = ops.sigmoid(ops.reduce_mean(x, np.array([2, 3]), keep_dims=True))
    product = ops.multiply(x, gate)
    model = ov.Model([ops.add(x, product) if x_first else ops.add(product, x)], [x])
    image = normal(2, 3, 6, 9)
    expected = run(model, image)
    gate_once(model)
    assert kinds(model).count("Multiply") == kinds(model).count("Add") == 1
    np.testing.assert_allclose(run(model, image), expected, atol=1e-6)


def test_a_sum_with_the_square_is_no_gate() -> None:
    x = ops.parameter([-1, 3, -1, -1], np.float32)
    model = ov.Model([ops.add(x, ops.multiply(x, x))], [x])
    before = kinds(model)
    gate_once(model)
    assert kinds(model) == before


@pytest.mark.models
def test_the_detector_has_both_and_its_map_stays(weights: dict[str, Path]) -> None:
    path = str(weights["PP-OCRv4_mobile_det"] / "inference.pdmodel")
    image = normal(1, 3, 64, 96)
    expected = run(ov.Core().read_model(path), image)
    model = ov.Core().read_model(path)
    before = kinds(model)
    gate_once(model)
    enlarge_last(model)
    after = kinds(model)
    assert before.count("ConvolutionBackpropData") == 2
    assert "ConvolutionBackpropData" not in after
    np.testing.assert_allclose(run(model, image), expected, atol=1e-5)
