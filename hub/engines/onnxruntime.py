"""ONNX Runtime, for models published as ``.onnx``. One session is safe for all threads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import onnxruntime as ort

from hub.engines.base import Array, Batch, LoadedModel, LoadRequest, Normalize
from hub.engines.pixels import to_planes, top1
from hub.errors import EngineError
from hub.settings import hub_home

#: The name of a provider, which computes, and its options.
Provider = tuple[str, dict[str, Any]]

_CPU: Final[Provider] = ("CPUExecutionProvider", {})
#: A page has a size of its own: cuDNN's default tries all of its algorithms for each one, and the arena's
#: default doubles what it reserves.
_CUDA: Final[Provider] = (
    "CUDAExecutionProvider",
    {"cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested"},
)
_TENSORRT: Final = "TensorrtExecutionProvider"


class ONNXModel(LoadedModel):
    """A session, and what comes before and after it."""

    engine = "onnxruntime"

    def __init__(self, session: Any, normalize: Normalize, *, wants_top1: bool, provider: str = "") -> None:
        self._session = session
        self.provider = provider
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
        EngineError: ONNX Runtime cannot load the file, or cannot compute on a card where that is asked for.
    """
    ort.disable_telemetry_events()  # it keeps a database of events in the user's cache folder
    options = ort.SessionOptions()
    options.intra_op_num_threads = request.threads
    options.log_severity_level = 3
    # Its arena keeps the largest memory ever needed, for every shape ever seen.
    options.enable_cpu_mem_arena = False
    wanted = providers(request)
    try:
        # Without the switch a failing card would be left for the CPU, with a line that nobody reads.
        session = ort.InferenceSession(
            str(request.files.graph), options, providers=wanted, enable_fallback=False
        )
    except Exception as error:
        raise EngineError(f"ONNX Runtime cannot load {request.files.graph}: {error}") from error
    provider = "" if wanted == [_CPU] else wanted[0][0]
    if provider and provider not in session.get_providers():
        raise EngineError(
            f"ONNX Runtime cannot start its {provider}: the lines above say which library is missing or does "
            "not fit the driver (doc/gpu.md); install it, or set use_gpu to false"
        )
    return ONNXModel(session, request.normalize, wants_top1=request.top1, provider=provider)


def has_cuda() -> bool:
    """Tell whether the build that is installed computes on NVIDIA cards."""
    return _CUDA[0] in ort.get_available_providers()


def providers(request: LoadRequest) -> list[Provider]:
    """Return what a model is computed by: what the first cannot do falls to the next.

    Raises:
        EngineError: the build that is installed does not have it.
    """
    if request.execution.device == "cpu":
        return [_CPU]
    if not has_cuda():
        raise EngineError(
            "use_gpu needs a CUDA build of ONNX Runtime: install onnxruntime-gpu, or set use_gpu to false"
        )
    if hasattr(ort, "preload_dlls"):
        ort.preload_dlls()  # those that pip has installed beside it, which the system's loader does not find
    if request.execution.engine != "tensorrt":
        return [_CUDA, _CPU]
    if _TENSORRT not in ort.get_available_providers():
        raise EngineError("engine tensorrt is not in this build of ONNX Runtime: use auto, which takes CUDA")
    return [(_TENSORRT, _tensorrt_options()), _CUDA, _CPU]


def _tensorrt_options() -> dict[str, Any]:
    """Return options that keep what TensorRT has built, which takes it minutes, for the next start."""
    folder = hub_home() / "cache" / "tensorrt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a read-only home: it builds anew
        return {}
    return {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(folder),
    }
