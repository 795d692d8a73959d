"""From a runner's spec to the loaded module and what calls it; the same in every kind of runner."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from hub import compat, models_in_use
from hub.compat.paddlehub_api.contract import settle
from hub.errors import EngineError, HubError, InvalidModuleError
from hub.module import loader
from hub.module.contract import ServingOptions, serving_methods
from hub.serving.messages.heartbeat import MAX_SLOTS
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.runner import endpoints
from hub.serving.runner.executor import Executor
from hub.serving.runner.methods import ServingMethod, of_instance
from hub.settings import engine_threads

#: Calls at once beyond the engine's threads.
_SPARE_CALLS: Final = 2


def load(spec: RunnerSpec, *, use_gpu: bool, run_dir: Path, collects: bool = False) -> tuple[Executor, int]:
    """Build the module's instance and what is needed to call its serving methods.

    Args:
        spec: which module, and how it is called.
        use_gpu: this process has a card.
        run_dir: for files that last as long as the server does.
        collects: methods that answer with streams give lists of all their items instead.

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
    options = serving_methods(cls)
    if not options:
        raise HubError(f"module {spec.name} cannot be served: no method of {cls.__name__} is marked @serving")
    if any(each.images for each in options.values()):
        from hub.pictures.decode import require_opencv

        require_opencv()
    if use_gpu and _takes(cls, "use_gpu"):
        init_args.setdefault("use_gpu", True)
    instance = loader.build(cls, spec.directory, init_args)
    if use_gpu and init_args.get("use_gpu", True):
        _refuse_paddle_for_cpu()
    settle(instance)
    methods = of_instance(instance, options, spec, use_gpu=use_gpu, collects=collects)
    concurrency = _concurrency(spec, options.values())
    executor = Executor(
        name=spec.name,
        methods=methods,
        manifest=_manifest(instance, methods, options, concurrency),
        generation=spec.generation,
        max_images=spec.max_images,
        max_total_pixels=spec.max_total_pixels,
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


def _manifest(
    instance: object,
    methods: Mapping[str, ServingMethod],
    options: Mapping[str, ServingOptions],
    concurrency: int,
) -> Manifest:
    """Return the manifest of the module: of its first method, with those of all where there are more."""
    described = {
        name: replace(method.manifest(options[name]), concurrency=concurrency, models=models_in_use.names())
        for name, method in methods.items()
    }
    name, first = next(iter(described.items()))
    declared = endpoints.declared(instance, methods[name].binding.accepted)
    if declared and first.streams:
        raise InvalidModuleError(f"{name} answers at endpoints, with one reply each; it cannot be a stream")
    return replace(
        first,
        endpoints={name: tuple(fields) for name, fields in declared.items()},
        once=tuple(endpoints.not_idempotent(instance, declared)),
        endpoint_schemas=endpoints.schemas(instance, declared),
        methods=described if len(described) > 1 else {},
    )


def _concurrency(spec: RunnerSpec, methods: Iterable[ServingOptions]) -> int:
    """Return more calls than engine threads, so that these have work while other calls decode and reply."""
    if not all(options.thread_safe for options in methods):
        return 1
    return min(spec.concurrency or engine_threads() + _SPARE_CALLS, MAX_SLOTS)
