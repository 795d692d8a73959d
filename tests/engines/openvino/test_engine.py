"""hub.engines.openvino.engine: working memory is given back, and never while a batch is executed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from hub import spare_memory
from hub.engines.base import CENTERED, Batch, LoadRequest
from hub.engines.files import ModelFiles
from hub.engines.openvino import engine
from hub.engines.openvino.engine import OpenVINOModel
from hub.errors import EngineError


def wrapped(compiled: Any) -> OpenVINOModel:
    request = LoadRequest(ModelFiles("onnx", Path("none.onnx")), CENTERED)
    return OpenVINOModel(compiled, "f32", 1, "", request)


def blurred() -> OpenVINOModel:
    """Return a model whose steps are each as large as 32 times its input."""
    images = ops.parameter(ov.PartialShape([-1, -1, -1, 3]), ov.Type.u8)
    step = ops.convert(ops.transpose(images, np.array([0, 3, 1, 2])), "f32")
    for channels in (3, 32, 32, 32):
        weights = np.full((32, channels, 3, 3), 0.01, np.float32)
        step = ops.relu(ops.convolution(step, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    model = ov.Model([ops.reduce_mean(step, np.array([1, 2, 3]))], [images])
    return wrapped(ov.Core().compile_model(model, "CPU", {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1}))


def run(model: OpenVINOModel, side: int) -> float:
    (outputs,) = model.run_many([Batch(np.full((1, side, side, 3), 100, np.uint8))])
    return float(outputs[0].ravel()[0])


def anonymous_mb() -> int:
    return int(Path("/proc/self/status").read_text().partition("RssAnon:")[2].split()[0]) // 1024


def test_working_memory_of_a_large_input_is_given_back_and_comes_again() -> None:
    model = blurred()
    run(model, 64)
    expected = run(model, 1000)
    large = anonymous_mb()
    spare_memory.release()
    assert anonymous_mb() < large - 100
    assert run(model, 1000) == expected


def test_nothing_is_given_back_while_a_batch_is_executed() -> None:
    class Compiled:
        released = 0

        def create_infer_request(self) -> Compiled:
            return self

        def infer(self, *_: Any, **__: Any) -> list[np.ndarray]:
            model.release()
            assert self.released == 0
            return [np.zeros((1, 1), np.float32)]

        def release_memory(self) -> None:
            self.released += 1

    compiled = Compiled()
    model = wrapped(compiled)
    run(model, 8)
    model.release()
    assert compiled.released == 1


def test_graphs_are_changed_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[int] = []
    most: list[int] = []

    def changed(_request: LoadRequest) -> Any:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        raise RuntimeError("enough")

    def load() -> None:
        with pytest.raises(EngineError, match="enough"):
            engine.load_model(LoadRequest(ModelFiles("onnx", Path("none.onnx")), CENTERED))

    monkeypatch.setattr(engine, "extended_model", changed)
    with ThreadPoolExecutor(4) as threads:
        for loaded in [threads.submit(load) for _ in range(4)]:
            loaded.result()
    assert most == [1, 1, 1, 1]
