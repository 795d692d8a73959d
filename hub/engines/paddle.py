"""Paddle Inference: the reference, on CPU and on NVIDIA GPUs.

All models of a process run in one thread of their own. A predictor must not run in two threads at
once, and with oneDNN not even clones may: ending one thread's clone breaks the kernels cached for the
others ("could not reshape a memory descriptor", Paddle 3.3.1). Each batch has all threads of
the engine, so little is lost by running one at a time.
"""

from __future__ import annotations

import logging
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

#: Megabytes that Paddle reserves on a card at start; PaddleOCR hubserving's figure.
GPU_MEMORY_MB: Final = 8000
#: oneDNN keeps kernels for this many input shapes; PaddleOCR's figure. Unbounded, it would grow
#: with every new image size.
ONEDNN_SHAPES: Final = 10

log = logging.getLogger(__name__)
_worker: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="paddle")


class PaddleModel(LoadedModel):
    """A predictor, and what comes before and after it."""

    engine = "paddle"

    def __init__(self, request: LoadRequest) -> None:
        execution = request.execution
        has_onednn = execution.device == "cpu" and execution.onednn
        self._request = request
        self._use(_predictor(request, onednn=has_onednn))
        # With oneDNN, Paddle 3.3 fails on some attributes of its own new format, and only when it runs.
        self._is_on_trial = has_onednn and request.files.kind == "json"

    def _use(self, predictor: Any) -> None:
        self._predictor = predictor
        self._input = predictor.get_input_handle(predictor.get_input_names()[0])
        self._output = predictor.get_output_handle(predictor.get_output_names()[0])

    def run_many(self, batches: Iterable[Batch]) -> Iterator[tuple[Array, ...]]:
        waiting: deque[Future[tuple[Array, ...]]] = deque()
        for batch in batches:
            planes = to_planes(batch, self._request.normalize)
            # One is computed, one waits prepared: more would only take memory.
            if len(waiting) > 1:
                yield waiting.popleft().result()
            waiting.append(_worker.submit(self._run, planes))
        while waiting:
            yield waiting.popleft().result()

    def _run(self, planes: Array) -> tuple[Array, ...]:
        try:
            output = self._computed(planes)
        except EngineError as error:
            if not self._is_on_trial:
                raise
            output = self._without_onednn(planes, error)
        self._is_on_trial = False
        self.classes = output.shape[-1]
        return top1(output) if self._request.top1 else (output,)

    def _computed(self, planes: Array) -> Array:
        self._input.copy_from_cpu(planes)
        try:
            self._predictor.run()
        except Exception as error:  # its exception classes share no other base
            raise EngineError(f"Paddle failed on an input of shape {planes.shape}: {error}") from error
        output: Array = self._output.copy_to_cpu()
        # Kept between runs, the intermediate results of every shape seen add up: 2.8 GB after twelve
        # images of different sizes, against 0.8 GB; the time is the same.
        self._predictor.clear_intermediate_tensor()
        self._predictor.try_shrink_memory()
        return output

    def _without_onednn(self, planes: Array, error: EngineError) -> Array:
        """Run the model without oneDNN from now on, if that helps; raises EngineError where it does not."""
        failing = self._predictor
        self._use(_predictor(self._request, onednn=False))
        try:
            output = self._computed(planes)
        except EngineError:
            self._use(failing)
            raise
        log.warning(
            "%s runs without oneDNN, several times slower, because with it %s",
            self._request.files.graph, " ".join(str(error).split()),
        )  # fmt: skip
        return output


def load_model(request: LoadRequest) -> PaddleModel:
    """Build a predictor.

    Raises:
        EngineError: Paddle cannot load the files, or has no CUDA where a GPU is asked for.
    """
    if request.execution.device == "gpu":
        _require_cuda()
    return _worker.submit(PaddleModel, request).result()


def _predictor(request: LoadRequest, *, onednn: bool) -> Any:
    config = inference.Config(str(request.files.graph), str(request.files.params))
    if request.execution.device == "gpu":
        config.enable_use_gpu(GPU_MEMORY_MB, 0)
    else:
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(request.threads)
        if onednn:
            config.enable_mkldnn()
            config.set_mkldnn_cache_capacity(ONEDNN_SHAPES)
        else:
            config.disable_mkldnn()
    config.disable_glog_info()
    if request.files.kind == "pdmodel":  # Paddle 3's own format has no such pass and would not load
        config.enable_memory_optim()
    try:
        return inference.create_predictor(config)
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"Paddle cannot load {request.files.graph}: {error}") from error


def _require_cuda() -> None:
    if not paddle.is_compiled_with_cuda():
        raise EngineError(
            f"use_gpu needs a CUDA build of Paddle; {paddle.version.full_version} installed here is for "
            "CPU only: install paddlepaddle-gpu, or set use_gpu to false"
        )
