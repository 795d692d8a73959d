"""Rounding to int8 reads the same, only where it was measured for just these weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from hub.engines.base import CENTERED, Batch, load
from hub.engines.files import find_model_files
from hub.engines.openvino import engine
from hub.engines.openvino.int8 import Rounding, find_roundings, large_convolutions, quantize
from hub.errors import EngineError
from tests.engines.openvino.test_graph import kinds, normal, run
from tests.ocr.conftest import draw_line

pytestmark = pytest.mark.unit

CHANNELS = 208
OUTPUTS = 24


def model() -> Any:
    """A large convolution behind the gate of a squeeze-and-excitation block, whose own is none of these."""
    x = ops.parameter([-1, CHANNELS, -1, -1], np.float32)
    mean = ops.reduce_mean(x, np.array([2, 3]), keep_dims=True)
    gate = ops.sigmoid(pointwise(mean, CHANNELS))
    return ov.Model([ops.relu(pointwise(ops.multiply(x, gate), OUTPUTS))], [x])


def pointwise(x: Any, outputs: int) -> Any:
    weights = normal(outputs, CHANNELS, 1, 1) / np.float32(CHANNELS**0.5)
    return ops.convolution(x, weights, [1, 1], [0, 0], [0, 0], [1, 1])


def rounding(inputs: int = CHANNELS, outputs: int = OUTPUTS) -> Rounding:
    scale = np.linspace(0.5, 2, inputs).astype(np.float32)
    return Rounding(scale, 0.04, 128, np.zeros(outputs, np.float32))


def test_a_rounded_convolution_computes_nearly_the_same() -> None:
    graph, image = model(), normal(1, CHANNELS, 6, 9)
    exact = run(graph, image)
    quantize(graph, [rounding()])
    assert kinds(graph).count("FakeQuantize") == 2
    rounded = run(graph, image)
    assert 0 < np.abs(rounded - exact).mean() < 0.1 * exact.std()


def test_the_shift_is_added_to_the_output() -> None:
    graph, image = model(), normal(1, CHANNELS, 6, 9)
    exact = run(graph, image)
    shift = np.full(OUTPUTS, 100, np.float32)
    quantize(graph, [Rounding(np.ones(CHANNELS, np.float32), 0.04, 128, shift)])
    assert (run(graph, image) - exact).min() > 90


def test_convolutions_of_a_single_pixel_are_left_alone() -> None:
    (node,) = large_convolutions(model())
    assert node.get_output_partial_shape(0)[1] == OUTPUTS


@pytest.mark.parametrize(
    ("roundings", "message"),
    [
        ([rounding(), rounding()], "is for 2 convolutions, the model has 1"),
        ([rounding(outputs=7)], "208 to 7 channels where the model has 208 to 24"),
    ],
    ids=["too many", "other channels"],
)
def test_what_was_measured_for_another_graph_is_refused(roundings: list[Rounding], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        quantize(model(), roundings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inference.pdmodel").write_bytes(b"graph")
    (tmp_path / "inference.pdiparams").write_bytes(b"weights")
    return tmp_path


def test_nothing_is_known_of_most_models(folder: Path) -> None:
    assert find_roundings(find_model_files(folder)) == ()


def test_a_file_beside_the_model_is_used(folder: Path) -> None:
    content = {"sha256": "00", "convolutions": [{"scale": [1, 3], "step": 0.5, "zero": 2, "shift": [4]}]}
    (folder / "int8.json").write_text(json.dumps(content))
    with pytest.raises(EngineError, match="was measured with other weights"):
        find_roundings(find_model_files(folder))
    content["sha256"] = hashlib.sha256(b"weights").hexdigest()
    (folder / "int8.json").write_text(json.dumps(content))
    (found,) = find_roundings(find_model_files(folder))
    assert (found.scale.tolist(), found.step, found.zero, found.shift.tolist()) == ([1, 3], 0.5, 2, [4])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"sha256": "a", "convolutions": [{"step": 1}]}',
        '{"sha256": "a", "convolutions": [{"scale": [1], "step": 0, "zero": 0, "shift": [1]}]}',
        '{"sha256": "a", "convolutions": [{"scale": [1], "step": 1, "zero": 256, "shift": [1]}]}',
    ],
)
def test_a_broken_file_says_what_to_do(folder: Path, content: str) -> None:
    (folder / "int8.json").write_text(content)
    with pytest.raises(EngineError, match=r"int8\.json cannot be read .*calibrate_int8\.py, or remove it"):
        find_roundings(find_model_files(folder))


needs_int8 = pytest.mark.skipif(
    engine.cpu_flags().isdisjoint({"avx512_vnni", "avx_vnni", "amx_int8"}), reason="this CPU has no int8"
)


@pytest.mark.models
@needs_int8
def test_the_shipped_numbers_belong_to_the_graph(weights: dict[str, Path]) -> None:
    """They were measured on the rewritten graph: a rewrite that scales what flows in it makes them wrong."""
    texts = ("INVOICE 20261120", "Total 1,234.50", "a quick brown fox", "RECEIPT No. 77")
    lines = [Batch(draw_line(text)[None], (320,)) for text in texts]
    outputs = {}
    for precision in ("f32", "int8"):
        recogniser = load(
            weights["PP-OCRv4_mobile_rec"],
            normalize=CENTERED,
            padded=True,
            top1=True,
            engine="openvino",
            precision=precision,  # type: ignore[arg-type]
        )
        assert recogniser.precision == precision
        outputs[precision] = list(recogniser.run_many(lines))
    for exact, rounded in zip(outputs["f32"], outputs["int8"], strict=True):
        text, confidence = read(*exact)
        assert len(text) > 8
        assert read(*rounded) == (text, pytest.approx(confidence, abs=0.05))


def read(ids: Any, scores: Any) -> tuple[list[int], float]:
    """Classes without blanks and repeats, and the mean of their scores."""
    kept = (ids[0] != 0) & (np.diff(ids[0], prepend=0) != 0)
    return ids[0][kept].tolist(), float(scores[0][kept].mean())
