"""The serving methods of a loaded module, each with what it takes and how its requests are joined."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hub import compat
from hub.compat.paddlehub_api import static_mode
from hub.module import streams
from hub.module.arguments import parameters
from hub.module.contract import ServingOptions, is_contract
from hub.module.coroutines import blocking
from hub.module.signature import Signature
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.runner.binding import Binding


@dataclass(frozen=True, eq=False)
class ServingMethod:
    """A serving method as requests call it; requests of one method are never joined with another's."""

    binding: Binding
    policy: BatchPolicy
    documents: bool = False
    streams: bool = False

    def manifest(self, options: ServingOptions) -> Manifest:
        """Return what its callers need to know."""
        size = int(self.policy.max_batch_size) if self.policy.batches else 1
        return replace(self.binding.manifest(options, max_batch_size=size), streams=self.streams)


def of_instance(
    instance: Any,
    options: Mapping[str, ServingOptions],
    spec: RunnerSpec,
    *,
    use_gpu: bool,
    collects: bool = False,
) -> dict[str, ServingMethod]:
    """Return the serving methods of a module's instance by name, in the order of ``options``.

    ``collects``: streams are called for a list of all their items.

    Raises:
        ConfigError: ``predict_args`` are not what a method allows.
        InvalidModuleError: requests of a stream were to be joined.
    """
    checks = is_contract(type(instance))
    folder = Path(spec.directory)
    calls = {name: compat.method_of(instance, name, folder) for name in options}
    found = {}
    for name, call in calls.items():
        others = [each for other, each in calls.items() if other != name]
        defaults = _predict_args(call, others, spec.predict_args)
        if use_gpu:
            defaults = {**_gpu_args(instance, name), **defaults}
        is_stream = checks and streams.is_stream(call)
        if is_stream:
            streams.refuse_batch(name, options[name])
        method = static_mode.kept(streams.collected(call) if is_stream and collects else blocking(call))
        signature = Signature(method, options[name].images) if checks else None
        binding = Binding(method, defaults, signature, names_paths=spec.allow_server_paths)
        found[name] = ServingMethod(
            binding,
            _policy(spec, options[name]),
            options[name].documents,
            streams=is_stream and not collects,
        )
    return found


def _policy(spec: RunnerSpec, options: ServingOptions) -> BatchPolicy:
    return BatchPolicy(
        options.batch if options.idempotent else None,
        spec.max_batch_size or options.max_batch_size,
        spec.max_queue_delay_ms,
        tuple(spec.preferred_batch_sizes),
    )


def _predict_args(method: Any, others: Iterable[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config file's ``predict_args`` without those that only other methods name."""
    own = {parameter.name for parameter in parameters(method)}
    foreign = {parameter.name for other in others for parameter in parameters(other)} - own
    return {name: value for name, value in given.items() if name not in foreign}


def _gpu_args(instance: object, name: str) -> dict[str, Any]:
    """Return ``use_gpu`` for a serving method that takes it, as PaddleHub passed it.

    One with ``**kwargs`` hands them to ``predict``, so that one is asked as well.
    """
    taken = inspect.signature(getattr(instance, name)).parameters
    if any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        predict = getattr(instance, "predict", None)
        taken = inspect.signature(predict).parameters if callable(predict) else taken
    return {"use_gpu": True} if "use_gpu" in taken else {}
