"""From a runner's spec to the loaded module and what calls it; the same in every kind of runner."""

from __future__ import annotations

import inspect
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from hub import compat, models_in_use
from hub.compat.paddlehub_api import static_mode
from hub.compat.paddlehub_api.contract import settle
from hub.errors import EngineError, HubError
from hub.module import loader
from hub.module.contract import ServingOptions, is_contract, serving_method
from hub.module.coroutines import blocking
from hub.module.signature import Signature
from hub.serving.messages.heartbeat import MAX_SLOTS
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.runner import endpoints
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.runner.binding import Binding
from hub.serving.runner.executor import Executor
from hub.settings import engine_threads

#: Calls at once beyond the engine's threads.
_SPARE_CALLS: Final = 2


def load(spec: RunnerSpec, *, use_gpu: bool, run_dir: Path) -> tuple[Executor, int]:
    """Build the module's instance and what is needed to call its serving method.

    Args:
        spec: which module, and how it is called.
        use_gpu: this process has a card.
        run_dir: for files that last as long as the server does.

    Returns:
        An executor of batches, and how many of them run at once.

    Raises:
        HubError: the module cannot be served as it is; to try again would not help.
        Exception: whatever its code raises.
    """
    sys.argv = [spec.name]  # modules parse sys.argv for defaults; ours is none of their business
    compat.install(for_good=True, run_dir=run_dir)
    init_args = dict(spec.init_args)
    cls = loader.load_class(spec.directory)
    found = serving_method(cls)
    if found is None:
        raise HubError(f"module {spec.name} cannot be served: no method of {cls.__name__} is marked @serving")
    if found[1].images:
        from hub.pictures.decode import require_opencv

        require_opencv()
    if use_gpu and _takes(cls, "use_gpu"):
        init_args.setdefault("use_gpu", True)
    instance = loader.build(cls, spec.directory, init_args)
    if use_gpu and init_args.get("use_gpu", True):
        _refuse_paddle_for_cpu()
    settle(instance)
    name, options = found
    predict_args = {**_gpu_args(instance, name), **spec.predict_args} if use_gpu else spec.predict_args
    method = static_mode.kept(blocking(compat.method_of(instance, name, Path(spec.directory))))
    signature = Signature(method, options.images) if is_contract(cls) else None
    binding = Binding(method, predict_args, signature, names_paths=spec.allow_server_paths)
    concurrency = _concurrency(spec, options)
    policy = BatchPolicy(
        options.batch if options.idempotent else None,
        spec.max_batch_size or options.max_batch_size,
        spec.max_queue_delay_ms,
        tuple(spec.preferred_batch_sizes),
    )
    declared = endpoints.declared(instance, binding.accepted)
    executor = Executor(
        name=spec.name,
        binding=binding,
        policy=policy,
        generation=spec.generation,
        max_images=spec.max_images,
        max_total_pixels=spec.max_total_pixels,
        manifest=replace(
            binding.manifest(options),
            endpoints={name: tuple(fields) for name, fields in declared.items()},
            once=tuple(endpoints.not_idempotent(instance, declared)),
            endpoint_schemas=endpoints.schemas(instance, declared),
            concurrency=concurrency,
            max_batch_size=int(policy.max_batch_size) if policy.batches else 1,
            models=models_in_use.names(),
        ),
    )
    return executor, concurrency


def load_error(error: BaseException) -> str:
    """Return the reason that people are told."""
    text = str(error).strip()
    return text if isinstance(error, HubError) and text else f"{type(error).__name__}: {text}".rstrip(": ")


def _refuse_paddle_for_cpu() -> None:
    """Refuse Paddle for CPU: a module that uses it would run on the CPU without a word."""
    paddle = sys.modules.get("paddle")
    if paddle is not None and not paddle.is_compiled_with_cuda():
        raise EngineError(
            "use_gpu needs a CUDA build of Paddle, and the one installed here is for CPU only: "
            "install paddlepaddle-gpu, or set use_gpu to false"
        )


def _takes(cls: type, parameter: str) -> bool:
    initialiser = getattr(cls, "_initialize", None) or cls.__init__  # type: ignore[misc]
    return parameter in inspect.signature(initialiser).parameters


def _gpu_args(instance: object, name: str) -> dict[str, Any]:
    """Return ``use_gpu`` for a serving method that takes it, as PaddleHub passed it.

    One with ``**kwargs`` hands them to ``predict``, so that one is asked as well.
    """
    parameters = inspect.signature(getattr(instance, name)).parameters
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        predict = getattr(instance, "predict", None)
        parameters = inspect.signature(predict).parameters if callable(predict) else parameters
    return {"use_gpu": True} if "use_gpu" in parameters else {}


def _concurrency(spec: RunnerSpec, options: ServingOptions) -> int:
    """Return more calls than engine threads, so that these have work while other calls decode and reply."""
    if not options.thread_safe:
        return 1
    return min(spec.concurrency or engine_threads() + _SPARE_CALLS, MAX_SLOTS)
