"""Where the time of the OCR models goes: kinds of operators, their share, and what they reach of the core.

    python -m benchmarks operators   measures
    python -m benchmarks.operators   writes the table of what was measured into doc/measurements.md

Each graph runs on one thread on an input of usual size: the detector on 736 × 960, the recogniser on a line
of 48 × 480. OpenVINO runs it as HubServing does, rewritten, in f32 and where the CPU has it in bf16, ONNX
Runtime as it is published. Both count the time of each operator; what is fused into another counts there.
GFLOP/s are those of convolutions and matrix products, two for each multiplication with its addition. The
best that the core reaches is measured with a product of two matrices of 1024 × 1024.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

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
#: Operators that multiply; all others only pass over their input.
MULTIPLY: Final = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "FullyConnected", "MatMul")
ONE_THREAD: Final = {
    "NUM_STREAMS": 1,
    "INFERENCE_NUM_THREADS": 1,
    "ENABLE_CPU_PINNING": False,
    "PERF_COUNT": True,
}
_MATRIX: Final = 1024
BEGIN: Final = "<!-- Written by python -m benchmarks.operators from benchmarks/results/operators.json -->"
#: Kinds of operators that a row of the table names.
_NAMED: Final = 6


@dataclass(frozen=True)
class Measured:
    """A graph on an engine: milliseconds of each kind of operator, and of all; operations of the graph."""

    kinds: Mapping[str, float]
    milliseconds: float
    operations: float

    def said(self) -> dict[str, Any]:
        multiplying = sum(spent for kind, spent in self.kinds.items() if kind in (*MULTIPLY, "Conv", "Gemm"))
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
            kinds, spent = _by_onnxruntime(graph, size, times)
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
    """Return the GFLOP/s of one product of two matrices."""
    x = ops.parameter([_MATRIX, _MATRIX], np.float32)
    weights = np.random.default_rng(1).normal(size=(_MATRIX, _MATRIX)).astype(np.float32)
    model = ov.Model([ops.matmul(x, weights, False, False)], [x])
    request = _compiled(model, precision).create_infer_request()
    _, spent = _timed(lambda: request.infer([weights]), dict, 15)
    return round(2 * _MATRIX**3 / spent / 1e6)


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
    inputs: list[Any] = [np.random.default_rng(1).integers(0, 255, (1, *size, 3)).astype(np.uint8)]
    if is_line:
        inputs.append(np.int32([[[[size[1]]]]]))

    def kinds() -> dict[str, float]:
        spent: dict[str, float] = {}
        for each in request.profiling_info:
            milliseconds = each.real_time.total_seconds() * 1000
            spent[each.node_type] = spent.get(each.node_type, 0.0) + milliseconds
        return spent

    return _timed(lambda: request.infer(inputs), kinds, times)


def _by_onnxruntime(graph: Path, size: tuple[int, int], times: int) -> tuple[dict[str, float], float]:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = f"{folder}/profile"
        session = ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        pixels = np.random.default_rng(1).normal(size=(1, 3, *size)).astype(np.float32)
        name = session.get_inputs()[0].name
        _, spent = _timed(lambda: session.run(None, {name: pixels}), dict, times)
        events = json.loads(Path(session.end_profiling()).read_text())
    kinds: dict[str, float] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("kernel_time"):
            kind = event["args"]["op_name"]
            kinds[kind] = kinds.get(kind, 0.0) + event["dur"] / 1000 / (times + 1)
    return kinds, spent


def _timed(
    run: Callable[[], object], kinds: Callable[[], dict[str, float]], times: int
) -> tuple[dict[str, float], float]:
    """Run some times; return the least of each kind's milliseconds, and the median of all CPU."""
    run()
    all_kinds: list[dict[str, float]] = []
    spent: list[float] = []
    for _ in range(times):
        began = time.process_time()
        run()
        spent.append((time.process_time() - began) * 1000)
        all_kinds.append(kinds())
    names = {kind for each in all_kinds for kind in each}
    return {kind: min(each.get(kind, 0.0) for each in all_kinds) for kind in names}, median(spent)


if __name__ == "__main__":
    write()
