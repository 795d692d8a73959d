"""Where the time of the OCR models goes: kinds of operators, their share, and what they reach of the core.

    python -m benchmarks operators   measures
    python -m benchmarks.operators   writes the table of what was measured into doc/measurements.md

Each graph runs on one thread on an input of usual size: the detector on a page of 736 × 960, the recogniser
on a line of 48 × 480. OpenVINO runs it as HubServing does, rewritten, in f32 and where the CPU has it in
bf16, ONNX Runtime as it is published. Both count the time of each operator; what is fused into another counts
there. GFLOP/s are those of convolutions and matrix products, two for each multiplication with its addition.
The best that the core reaches is measured with a convolution of 256 channels that stays in its cache. Of
several runs the one that took the least CPU counts, with its own operators.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import onnxruntime as ort
import openvino as ov
from openvino import opset13 as ops

from benchmarks import machine
from benchmarks import page as pages
from hub.engines.base import CENTERED, LoadRequest
from hub.engines.files import find_model_files
from hub.engines.openvino.engine import BF16_FLAGS, cpu_flags, extended_model
from hub.registry.weights import fetch

MODELS: Final = ("PP-OCRv6_small", "PP-OCRv6_tiny")
SIZES: Final = {"det": (736, 960), "rec": (48, 480)}
PAGE: Final = machine.ROOT / "doc" / "imgs" / "page.jpg"
#: OpenVINO's operators that multiply; all others only pass over their input.
MULTIPLY: Final = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "FullyConnected", "MatMul")
#: The same, with the names that ONNX Runtime has.
_MULTIPLY: Final = (*MULTIPLY, "Conv", "ConvTranspose", "Gemm", "FusedMatMul")
ONE_THREAD: Final = {
    "NUM_STREAMS": 1,
    "INFERENCE_NUM_THREADS": 1,
    "ENABLE_CPU_PINNING": False,
    "PERF_COUNT": True,
}
#: Of the convolution by which the core is measured.
_CHANNELS, _SIDE = 256, 32
BEGIN: Final = "<!-- Written by python -m benchmarks.operators from benchmarks/results/operators.json -->"
#: Kinds of operators that a row of the table names.
_NAMED: Final = 6
#: A darker pixel is of a letter.
_INK: Final = 100


@dataclass(frozen=True)
class Measured:
    """A graph on an engine: milliseconds of each kind of operator, and of all; operations of the graph."""

    kinds: Mapping[str, float]
    milliseconds: float
    operations: float

    def said(self) -> dict[str, Any]:
        multiplying = sum(spent for kind, spent in self.kinds.items() if kind in _MULTIPLY)
        return {
            "ms": round(self.milliseconds, 1),
            "gflop": round(self.operations / 1e9, 2),
            "gflops_per_second": round(self.operations / 1e6 / multiplying) if multiplying else 0,
            "share": {
                kind: round(spent / self.milliseconds, 3)
                for kind, spent in sorted(self.kinds.items(), key=lambda pair: -pair[1])
                if spent >= 0.01 * self.milliseconds
            },
        }


def main(quick: bool) -> dict[str, Any]:
    times = 3 if quick else 15
    precisions = ["f32", *(["bf16"] if BF16_FLAGS & cpu_flags() else [])]
    best = {precision: _best(precision) for precision in precisions}
    found: dict[str, Any] = {}
    for model in MODELS:
        for step, size in SIZES.items():
            name = f"{model}_{step}"
            graph = find_model_files(fetch([name])[name]).graph
            operations = _operations(graph, size)
            for precision in precisions:
                kinds, spent = _by_openvino(graph, step, size, precision, times)
                found[f"{name}, OpenVINO {precision}"] = Measured(kinds, spent, operations).said()
            kinds, spent = _by_onnxruntime(graph, step, size, times)
            found[f"{name}, ONNX Runtime f32"] = Measured(kinds, spent, operations).said()
    figures = {"best_gflops_per_second": best, "graphs": found}
    print(text(figures), flush=True)
    return figures


def text(figures: Mapping[str, Any]) -> str:
    """Return the table as Markdown, and what the core reaches."""
    best = figures["best_gflops_per_second"]
    reaches = ", ".join(f"{value} GFLOP/s in {precision}" for precision, value in best.items())
    rows = []
    for name, said in figures["graphs"].items():
        precision = name.rpartition(" ")[2]
        rate = said["gflops_per_second"]
        shares = list(said["share"].items())[:_NAMED]
        rows.append(
            (
                name,
                str(said["ms"]),
                str(said["gflop"]),
                f"{rate} ({rate / best[precision]:.0%})",
                ", ".join(f"{kind} {share:.0%}" for kind, share in shares),
            )
        )
    heads = ("graph", "ms", "GFLOP", "GFLOP/s while multiplying", "share of the time")
    return "\n".join((*pages.table(heads, rows), "", f"The best that the core reaches: {reaches}."))


def write() -> None:
    """Put the table into the page."""
    figures = json.loads((machine.RESULTS / "operators.json").read_text("utf-8"))
    pages.write(machine.ROOT / "doc" / "measurements.md", BEGIN, text(figures))


def _best(precision: str) -> int:
    """Return the GFLOP/s of a 1 × 1 convolution whose map and kernel stay in the core's cache."""
    x = ops.parameter([1, _CHANNELS, _SIDE, _SIDE], np.float32)
    numbers = np.random.default_rng(1).normal(size=(_CHANNELS, _CHANNELS, 1, 1)).astype(np.float32)
    node = ops.convolution(x, numbers, [1, 1], [0, 0], [0, 0], [1, 1])
    request = _compiled(ov.Model([node], [x]), precision).create_infer_request()
    spent = []
    for _ in range(200):
        request.infer([np.ones((1, _CHANNELS, _SIDE, _SIDE), np.float32)])
        spent.append(_by_kind(request)["Convolution"])
    return round(2 * _CHANNELS**2 * _SIDE**2 / min(spent) / 1e6)


def _picture(step: str, size: tuple[int, int]) -> Any:
    """Return a page, or its first line of text: uint8 (h, w, 3), BGR."""
    page = cv2.imread(str(PAGE))
    if step == "rec":
        rows = np.flatnonzero(page.min(axis=(1, 2)) < _INK)
        page = page[rows[0] : rows[0] + page.shape[1] * size[0] // size[1]]
    return cv2.resize(page, size[::-1])


def _compiled(model: Any, precision: str) -> Any:
    return ov.Core().compile_model(model, "CPU", {**ONE_THREAD, "INFERENCE_PRECISION_HINT": precision})


def _operations(graph: Path, size: tuple[int, int]) -> float:
    """Count the operations of the published graph for an input of that size."""
    model = ov.Core().read_model(str(graph))
    model.reshape([1, 3, *size])
    rows = float(np.prod(_compiled(model, "f32")([np.zeros((1, 3, *size), np.float32)])[0].shape[:-1]))
    total = 0.0
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind not in MULTIPLY:
            continue
        shape = node.get_output_partial_shape(0)
        # Where the graph computes a shape, it is that of the result but for the last side.
        outputs = float(np.prod(shape.to_shape())) if shape.is_static else rows * shape[-1].get_length()
        second = list(node.input_value(1).get_shape())
        if kind == "ConvolutionBackpropData":  # each input pixel goes to all places of the kernel
            total += 2 * float(np.prod(node.input_value(0).get_shape())) * np.prod(second[1:])
        elif kind == "MatMul":
            total += 2 * outputs * (second[-1] if node.get_attributes()["transpose_b"] else second[-2])
        else:
            total += 2 * outputs * float(np.prod(second[-3:]))
    return total


def _by_openvino(
    graph: Path, step: str, size: tuple[int, int], precision: str, times: int
) -> tuple[dict[str, float], float]:
    is_line = step == "rec"
    files = find_model_files(graph.parent)
    model = extended_model(LoadRequest(files, CENTERED, padded=is_line, top1=is_line, single=True))
    request = _compiled(model, precision).create_infer_request()
    inputs: list[Any] = [_picture(step, size)[None]]
    if is_line:
        inputs.append(np.int32([[[[size[1]]]]]))

    found: list[tuple[float, dict[str, float]]] = []
    request.infer(inputs)
    for _ in range(times):
        (spent,) = _timed(lambda: request.infer(inputs), 1)
        found.append((spent, _by_kind(request)))
    spent, kinds = min(found, key=lambda pair: pair[0])
    return kinds, spent


def _by_kind(request: Any) -> dict[str, float]:
    """Return the milliseconds of each kind of operator in a request's last run."""
    kinds: dict[str, float] = {}
    for each in request.profiling_info:
        kinds[each.node_type] = kinds.get(each.node_type, 0.0) + each.real_time.total_seconds() * 1000
    return kinds


def _by_onnxruntime(
    graph: Path, step: str, size: tuple[int, int], times: int
) -> tuple[dict[str, float], float]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    pixels = _picture(step, size).astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = f"{folder}/profile"
        session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        spent = min(_timed(lambda: session.run(None, {name: pixels}), times))
        options.enable_profiling = True
        session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        for _ in range(times):
            session.run(None, {name: pixels})
        events = json.loads(Path(session.end_profiling()).read_text())
    return _of_shortest_run(events), spent


def _of_shortest_run(events: list[dict[str, Any]]) -> dict[str, float]:
    """Return the milliseconds of each kind of operator in ONNX Runtime's shortest run."""
    run = min((each for each in events if each["name"] == "model_run"), key=lambda each: each["dur"])
    kinds: dict[str, float] = {}
    for event in events:
        is_inside = run["ts"] <= event["ts"] < run["ts"] + run["dur"]
        if is_inside and event.get("cat") == "Node" and event["name"].endswith("kernel_time"):
            kind = event["args"]["op_name"]
            kinds[kind] = kinds.get(kind, 0.0) + event["dur"] / 1000
    return kinds


def _timed(run: Callable[[], object], times: int) -> list[float]:
    """Return the milliseconds of CPU that each run took."""
    spent: list[float] = []
    for _ in range(times):
        began = time.process_time()
        run()
        spent.append((time.process_time() - began) * 1000)
    return spent


if __name__ == "__main__":
    write()
