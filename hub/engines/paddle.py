"""Paddle Inference: the reference, on CPU and on NVIDIA GPUs.

All models of a process run in one thread of their own. A predictor must not run in two threads at
once, and with oneDNN not even clones may: ending one thread's clone breaks the kernels cached for the
others ("could not reshape a memory descriptor", Paddle 3.3.1). Each batch has all threads of
the engine, so little is lost by running one at a time.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

with warnings.catch_warnings():
    # For those who compile extensions; it would stand in the log of every runner.
    warnings.filterwarnings("ignore", message="No ccache found")
    import paddle
    from paddle import inference

from hub.engines.base import Array, Batch, LoadedModel, LoadRequest
from hub.engines.pixels import to_planes, top1
from hub.errors import EngineError
from hub.settings import visible_gpus

#: Megabytes that Paddle reserves on a card at start; PaddleOCR hubserving's figure.
GPU_MEMORY_MB: Final = 8000
#: oneDNN keeps kernels for this many input shapes; PaddleOCR's figure. Unbounded, it would grow
#: with every new image size.
ONEDNN_SHAPES: Final = 10

_worker: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="paddle")


class PaddleModel(LoadedModel):
    """A predictor, and what comes before and after it."""

    engine = "paddle"

    def __init__(self, predictor: Any, request: LoadRequest) -> None:
        self._predictor = predictor
        self._normalize = request.normalize
        self._wants_top1 = request.top1
        self._input = predictor.get_input_handle(predictor.get_input_names()[0])
        self._output = predictor.get_output_handle(predictor.get_output_names()[0])

    def run_many(self, batches: Iterable[Batch]) -> Iterator[tuple[Array, ...]]:
        waiting: deque[Future[tuple[Array, ...]]] = deque()
        for batch in batches:
            planes = to_planes(batch, self._normalize)
            # One is computed, one waits prepared: more would only take memory.
            if len(waiting) > 1:
                yield waiting.popleft().result()
            waiting.append(_worker.submit(self._run, planes))
        while waiting:
            yield waiting.popleft().result()

    def _run(self, planes: Array) -> tuple[Array, ...]:
        self._input.copy_from_cpu(planes)
        try:
            self._predictor.run()
        except RuntimeError as error:
            raise EngineError(f"Paddle failed on an input of shape {planes.shape}: {error}") from error
        output: Array = self._output.copy_to_cpu()
        self.classes = output.shape[-1]
        # Kept between runs, the intermediate results of every shape seen add up: 2.8 GB after twelve
        # images of different sizes, against 0.8 GB; the time is the same.
        self._predictor.clear_intermediate_tensor()
        self._predictor.try_shrink_memory()
        return top1(output) if self._wants_top1 else (output,)


def load_model(request: LoadRequest) -> PaddleModel:
    """Build a predictor.

    Raises:
        EngineError: Paddle cannot load the files, or has no CUDA where a GPU is asked for.
    """
    if request.execution.device == "gpu":
        _require_cuda()
    return _worker.submit(_build, request).result()


def _build(request: LoadRequest) -> PaddleModel:
    config = inference.Config(str(request.files.graph), str(request.files.params))
    if request.execution.device == "gpu":
        config.enable_use_gpu(GPU_MEMORY_MB, 0)
    else:
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(request.threads)
        if request.execution.onednn:
            config.enable_mkldnn()
            config.set_mkldnn_cache_capacity(ONEDNN_SHAPES)
        else:
            config.disable_mkldnn()
    config.disable_glog_info()
    if request.files.kind == "pdmodel":  # Paddle 3's own format has no such pass and would not load
        config.enable_memory_optim()
    try:
        return PaddleModel(inference.create_predictor(config), request)
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"Paddle cannot load {request.files.graph}: {error}") from error


def _require_cuda() -> None:
    if not paddle.is_compiled_with_cuda():
        raise EngineError(
            f"use_gpu needs a CUDA build of Paddle; {paddle.version.full_version} installed here is for "
            "CPU only: install paddlepaddle-gpu, or set use_gpu to false"
        )
    cards = visible_gpus()
    # "-1" and "" are the usual ways to hide all cards. The message is PaddleOCR's.
    if cards is not None and (not cards or cards[0] == "-1"):
        raise EngineError(
            "Environment Variable CUDA_VISIBLE_DEVICES is not set correctly. If you wanna use gpu, "
            "please set CUDA_VISIBLE_DEVICES via export CUDA_VISIBLE_DEVICES=cuda_device_id."
        )
