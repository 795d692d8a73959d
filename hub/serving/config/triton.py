"""From a Triton ``config.pbtxt`` to the keys of a module's entry in config.json.

    instance_group [ { count: 2 kind: KIND_GPU gpus: [ 1 ] } ]     instances
    max_batch_size, with dynamic_batching { … }                    max_batch_size, preferred_batch_sizes,
                                                                   max_queue_delay_ms, max_queue_size

As in Triton, requests are joined only where ``dynamic_batching`` is there. The other keys of Triton's model
configuration are accepted and have no effect; a warning names them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from hub.errors import ConfigError
from hub.serving.config import pbtxt
from hub.serving.config.pbtxt import Message
from hub.suggestion import closest

log = logging.getLogger("hub.config")

#: Message → keys of Triton's model configuration that have nothing to act on here.
_WITHOUT_EFFECT: Mapping[str, tuple[str, ...]] = {
    "": (
        "backend",
        "batch_input",
        "batch_output",
        "cc_model_filenames",
        "default_model_filename",
        "ensemble_scheduling",
        "input",
        "metric_tags",
        "model_metrics",
        "model_operations",
        "model_repository_agents",
        "model_transaction_policy",
        "model_warmup",
        "optimization",
        "output",
        "parameters",
        "platform",
        "response_cache",
        "runtime",
        "sequence_batching",
        "version_policy",
    ),
    "instance_group": ("name", "host_policy", "passive", "profile", "rate_limiter", "secondary_devices"),
    "dynamic_batching": (
        "default_priority_level",
        "preserve_ordering",
        "priority_levels",
        "priority_queue_policy",
    ),
    "default_queue_policy": ("allow_timeout_override", "default_timeout_microseconds", "timeout_action"),
}
#: Keys without effect that need no remark: the module itself says the same, or a name is only a name.
_SELF_EVIDENT = frozenset(("backend", "input", "name", "output", "platform"))


def read(text: str, source: str, *, name: str, device: str) -> dict[str, Any]:
    """Return a module's settings from its config.pbtxt.

    Args:
        text: what the file says.
        source: the file's name, for messages.
        name: of the module; a ``name`` in the file has to be the same.
        device: ``cpu`` or ``gpu``, which is what KIND_AUTO and KIND_MODEL become.

    Raises:
        ConfigError: a syntax error, an unknown key, or a value that is not allowed.
    """
    fields = _Fields(pbtxt.parse(text, source), source, "", "")
    given = fields.take("name", str, name)
    if given != name:
        raise ConfigError(f"{source}: name is {given!r}; it must be that of its folder, {name!r}")
    size = max(1, fields.take("max_batch_size", int, 0))
    settings: dict[str, Any] = {}
    groups = [_group(group, device) for group in fields.messages("instance_group")]
    if groups:
        settings["instances"] = groups
    batching = fields.messages("dynamic_batching")
    if batching:
        settings |= {"max_batch_size": size, **_batching(batching[0], size)}
    fields.finish()
    return settings


def _group(fields: _Fields, device: str) -> dict[str, Any]:
    kind = fields.take("kind", str, "KIND_AUTO")
    gpus = fields.take_all("gpus", int)
    kinds = {"KIND_CPU": "cpu", "KIND_GPU": "gpu", "KIND_AUTO": device, "KIND_MODEL": device}
    if kind not in kinds:
        raise ConfigError(f"{fields.where}kind is {kind!r}; allowed: {', '.join(kinds)}")
    if kind == "KIND_AUTO" and gpus:
        kinds["KIND_AUTO"] = "gpu"  # as in Triton: who lists cards means them
    group: dict[str, Any] = {"count": fields.take("count", int, 1), "kind": kinds[kind]}
    if gpus and group["kind"] == "cpu":
        raise ConfigError(f"{fields.where}gpus {gpus} are listed for {kind}")
    if gpus:
        group["gpus"] = gpus
    fields.finish()
    return group


def _batching(fields: _Fields, size: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "max_queue_delay_ms": fields.take("max_queue_delay_microseconds", int, 0) / 1000
    }
    preferred = fields.take_all("preferred_batch_size", int)
    if preferred:
        if not 0 < min(preferred) <= max(preferred) <= size:
            raise ConfigError(
                f"{fields.where}preferred_batch_size {preferred}: allowed is 1 to max_batch_size, {size}"
            )
        settings["preferred_batch_sizes"] = sorted(set(preferred))
    for policy in fields.messages("default_queue_policy"):
        limit = policy.take("max_queue_size", int, 0)  # 0 is Triton's "no limit"
        if limit:
            settings["max_queue_size"] = limit
        policy.finish()
    fields.finish()
    return settings


class _Fields:
    """A message's fields, each taken once; those left at the end are unknown or have no effect."""

    def __init__(self, message: Message, source: str, path: str, name: str) -> None:
        self._message = dict(message)
        self._without_effect = _WITHOUT_EFFECT[name]
        self._known: list[str] = []
        self._source = source
        self._path = path

    @property
    def where(self) -> str:
        return f"{self._source}: {self._path}"

    def take(self, name: str, kind: Callable[..., Any], default: Any) -> Any:
        """Return the value of a field that may be there once."""
        values = self.take_all(name, kind)
        if len(values) > 1:
            raise ConfigError(f"{self.where}{name} is given {len(values)} times")
        return values[0] if values else default

    def take_all(self, name: str, kind: Callable[..., Any]) -> list[Any]:
        self._known.append(name)
        values = self._message.pop(name, [])
        for value in values:
            if type(value) is not kind or (kind is int and value < 0):
                what = "a whole number" if kind is int else "text or a name"
                raise ConfigError(f"{self.where}{name} must be {what}, not {value!r}")
        return values

    def messages(self, name: str) -> list[_Fields]:
        values = self.take_all(name, dict)
        many = len(values) > 1
        return [
            _Fields(value, self._source, f"{self._path}{name}{f'[{number}]' if many else ''}.", name)
            for number, value in enumerate(values)
        ]

    def finish(self) -> None:
        """Warn of what has no effect; raises ConfigError for what Triton does not have either."""
        unknown = [name for name in self._message if name not in self._without_effect]
        if unknown:
            near = closest(unknown[0], [*self._known, *self._without_effect])
            hint = f"; did you mean {near!r}?" if near else ""
            raise ConfigError(f"{self.where}{unknown[0]} is not a key of a model configuration{hint}")
        said = sorted(set(self._message) - _SELF_EVIDENT)
        if said:
            log.warning("%s%s: accepted, without effect here", self.where, ", ".join(said))
