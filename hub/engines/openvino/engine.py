"""OpenVINO on CPU: reads Paddle's ``inference.pdmodel`` as it is, and ONNX.

One compiled model for all callers. Normally it has one stream per thread: a stream executes one batch on
one core, so a single caller fills all cores by submitting several batches. There is no latency/throughput
switch: the same streams serve both. A ``wide`` model has one stream per four threads, and each batch
uses all of its stream's: for the detector, of which a request has one batch. Its working memory, the
largest of all, exists once per stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from hub import spare_memory
from hub.engines.base import DEFAULT_KERNELS, Array, Batch, LoadedModel, LoadRequest
from hub.engines.openvino.activations import drop_identities, restore_gelu
from hub.engines.openvino.affine import fold_affine
from hub.engines.openvino.graph import enlarge_last, gate_once
from hub.engines.openvino.linear import average_early, convolve_apart, split_convolutions
from hub.engines.openvino.streams import Streams
from hub.engines.pixels import top1
from hub.errors import EngineError

_GRAPH_LOCK: Final = Lock()
#: Where OpenVINO keeps the entry ``character`` of an ONNX file's metadata.
_DICTIONARY: Final = ["framework", "character"]
#: Threads of a wide model's stream.
_WIDE_THREADS: Final = 4
#: The names in /proc/cpuinfo of the instructions that compute in bf16. OpenVINO offers it on every CPU with
#: AVX-512, but without these it converts back and forth and gains nothing.
BF16_FLAGS: Final = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


class OpenVINOModel(LoadedModel):
    """A compiled model and its streams."""

    engine = "openvino"
    prefers_few_shapes = True

    def __init__(
        self, compiled: Any, precision: str, parallel: int, dictionary: str, request: LoadRequest
    ) -> None:
        self.precision = precision
        self.dictionary = dictionary
        self.parallel = parallel
        self._compiled = compiled
        self._padded = request.padded
        self._wants_top1 = request.top1
        self._streams = Streams(parallel)
        # append and pop of a deque are atomic, so threads share the idle requests without a lock.
        self._idle: deque[Any] = deque()
        self._lock = Lock()
        self._running = 0
        spare_memory.register(self.release)

    def run_many(self, batches: Iterable[Batch]) -> Iterator[tuple[Array, ...]]:
        # One batch more than there are streams waits its turn, so that no stream idles
        # while this thread prepares the next one.
        due: deque[Future[tuple[Array, ...]]] = deque()
        try:
            for batch in batches:
                if len(due) > self.parallel:
                    yield due.popleft().result()
                due.append(self._streams.submit(batch.images.shape, partial(self._execute, batch)))
            while due:
                yield due.popleft().result()
        finally:
            for left in due:  # after an error, or when the caller stopped early
                left.cancel()

    def release(self) -> None:
        """Give working memory back, unless a batch is being executed."""
        with self._lock:
            if not self._running:
                self._idle.clear()  # requests keep their last inputs and outputs
                self._compiled.release_memory()

    def _execute(self, batch: Batch) -> tuple[Array, ...]:
        """Execute a batch in a stream's thread: there are as many requests, with their memory, as streams."""
        with self._lock:
            self._running += 1
        try:
            return self._infer(batch)
        finally:
            with self._lock:
                self._running -= 1

    def _infer(self, batch: Batch) -> tuple[Array, ...]:
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        try:
            # Else they are copied. This function keeps the arrays alive until the request has finished.
            output = request.infer(self._inputs(batch), share_inputs=True, share_outputs=True)[0]
        except RuntimeError as error:
            raise EngineError(
                f"OpenVINO failed on an input of shape {batch.images.shape}: {error}"
            ) from error
        self.classes = output.shape[-1]
        # NumPy finds the best of a recogniser's 6 625 classes sixteen times faster than OpenVINO's TopK.
        outputs = top1(output) if self._wants_top1 else (output.copy(),)
        self._idle.append(request)
        return outputs

    def _inputs(self, batch: Batch) -> list[Array]:
        images = np.ascontiguousarray(batch.images)
        if not self._padded:
            return [images]
        count, _, width, _ = images.shape
        return [images, np.asarray(batch.widths or (width,) * count, np.int32).reshape(count, 1, 1, 1)]


@lru_cache(maxsize=1)
def _core() -> Any:
    return ov.Core()


def load_model(request: LoadRequest) -> OpenVINOModel:
    """Read, extend and compile a model.

    Raises:
        EngineError: OpenVINO cannot read or compile it, or what was asked for is not offered here.
    """
    if request.execution.device == "gpu":
        raise EngineError("engine openvino runs on CPU here: use engine paddle or onnxruntime for a GPU")
    precision = _precision(request)
    streams = max(1, request.threads // _WIDE_THREADS) if request.wide else request.threads
    properties = {
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": request.threads,
        # Several processes that each pin their threads would meet on the same cores.
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": request.execution.kernels or DEFAULT_KERNELS,
    }
    try:
        # Models are loaded side by side. Two threads that read constants of graphs for the first time can
        # stop each other for ever: one holds the interpreter's lock, the other one of OpenVINO's.
        with _GRAPH_LOCK:
            model = extended_model(request)
        compiled = _core().compile_model(model, "CPU", properties)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot load {request.files.graph}: {error}") from error
    dictionary = model.get_rt_info(_DICTIONARY).astype(str) if model.has_rt_info(_DICTIONARY) else ""
    return OpenVINOModel(compiled, precision, streams, dictionary, request)


def _precision(request: LoadRequest) -> str:
    """Return what to compute in."""
    wanted = request.execution.precision
    if wanted == "auto":
        return "f32" if BF16_FLAGS.isdisjoint(cpu_flags()) else "bf16"
    if wanted == "bf16" and "BF16" not in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise EngineError("precision is bf16, which this CPU does not have: use f32 or auto")
    return wanted


@lru_cache(maxsize=1)
def cpu_flags() -> frozenset[str]:
    """Return the instructions that this CPU has, as the kernel lists them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(flags.split())


def extended_model(request: LoadRequest) -> Any:
    """Read a model, put normalisation and padding before it, and make it faster.

    The result takes uint8 (n, height, width, 3) and, where ``padded``, int32 (n, 1, 1, 1) widths; n is 1
    where ``single``.
    """
    model = _core().read_model(str(request.files.graph))
    drop_identities(model)
    restore_gelu(model)
    fold_affine(model)
    gate_once(model)
    enlarge_last(model)
    if request.single:
        split_convolutions(model)
        average_early(model)
    convolve_apart(model)
    old = model.get_parameters()[0]
    _, channels, height, width = old.get_partial_shape()
    count = 1 if request.single else -1
    images = ops.parameter(ov.PartialShape([count, height, width, channels]), ov.Type.u8, name="images")
    # Planes first: arithmetic on three interleaved channels takes ten times as long.
    planes = ops.convert(ops.transpose(images, np.array([0, 3, 1, 2])), "f32")
    mean, std = (
        np.array(each, np.float32).reshape(1, -1, 1, 1) * np.float32(255)
        for each in (request.normalize.mean, request.normalize.std)
    )
    planes = ops.multiply(ops.subtract(planes, mean), 1 / std)
    inputs = [images]
    if request.padded:
        widths = ops.parameter(ov.PartialShape([-1, 1, 1, 1]), ov.Type.i32, name="widths")
        planes = ops.multiply(planes, _valid_columns(planes, widths))
        inputs.append(widths)
    old.output(0).replace(planes.output(0))
    outputs = [result.input_value(0) for result in model.get_results()]
    extended = ov.Model(outputs, inputs, "extended")
    if model.has_rt_info(_DICTIONARY):
        extended.set_rt_info(model.get_rt_info(_DICTIONARY), _DICTIONARY)
    return extended


def _valid_columns(planes: Any, widths: Any) -> Any:
    """Return 1.0 left of each image's width, 0.0 from there on: (n, 1, 1, width)."""
    last = ops.gather(ops.shape_of(planes, "i32"), np.int32(3), np.int32(0))
    columns = ops.range(np.int32(0), last, np.int32(1), "i32")
    return ops.convert(ops.less(columns, widths), "f32")
