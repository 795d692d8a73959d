"""ONNX Runtime, for models published as ``.onnx``. One session is safe for all threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import onnxruntime as ort

from hub.engines.base import Array, Batch, LoadedModel, LoadRequest, Normalize
from hub.engines.pixels import to_planes, top1
from hub.errors import EngineError


class ONNXModel(LoadedModel):
    """A session, and what comes before and after it."""

    engine = "onnxruntime"

    def __init__(self, session: Any, normalize: Normalize, *, wants_top1: bool) -> None:
        self._session = session
        self.dictionary = session.get_modelmeta().custom_metadata_map.get("character", "")
        self._input = session.get_inputs()[0].name
        self._normalize = normalize
        self._wants_top1 = wants_top1

    def run_many(self, batches: Iterable[Batch]) -> Iterator[tuple[Array, ...]]:
        for batch in batches:
            planes = to_planes(batch, self._normalize)
            try:
                output = self._session.run(None, {self._input: planes})[0]
            except Exception as error:  # its exception classes share no other base
                shape = batch.images.shape
                raise EngineError(f"ONNX Runtime failed on an input of shape {shape}: {error}") from error
            self.classes = output.shape[-1]
            yield top1(output) if self._wants_top1 else (output,)


def load_model(request: LoadRequest) -> ONNXModel:
    """Open a session.

    Raises:
        EngineError: ONNX Runtime cannot load the file, or has no CUDA where a GPU is asked for.
    """
    ort.disable_telemetry_events()  # it keeps a database of events in the user's cache folder
    options = ort.SessionOptions()
    options.intra_op_num_threads = request.threads
    options.log_severity_level = 3
    # Its arena keeps the largest memory ever needed, for every shape ever seen.
    options.enable_cpu_mem_arena = False
    providers = _providers(request)
    try:
        session = ort.InferenceSession(str(request.files.graph), options, providers=providers)
    except Exception as error:
        raise EngineError(f"ONNX Runtime cannot load {request.files.graph}: {error}") from error
    return ONNXModel(session, request.normalize, wants_top1=request.top1)


def has_cuda() -> bool:
    """Tell whether the build that is installed computes on NVIDIA cards."""
    return "CUDAExecutionProvider" in ort.get_available_providers()


def _providers(request: LoadRequest) -> list[str]:
    if request.execution.device == "cpu":
        return ["CPUExecutionProvider"]
    if not has_cuda():
        raise EngineError(
            "use_gpu needs a CUDA build of ONNX Runtime: install onnxruntime-gpu, or set use_gpu to false"
        )
    return ["CUDAExecutionProvider", "CPUExecutionProvider"]
