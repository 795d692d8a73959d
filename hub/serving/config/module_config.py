"""The settings of one module: an entry of ``modules_info``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from hub.serving.config.base import Settings
from hub.serving.config.ray import RayOptions

PositiveInt = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Card = Annotated[int, Field(ge=0)]


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return (
        [] if value is None else [value] if isinstance(value, int) and not isinstance(value, bool) else value
    )


CommaList = BeforeValidator(_split)


class InstanceGroup(Settings):
    """One entry of ``instances``; ``kind`` as here or in Triton's spelling (KIND_CPU, KIND_GPU)."""

    count: PositiveInt = 1
    """Runners; of kind gpu, on each of the cards."""
    kind: Literal["cpu", "gpu"] = "cpu"
    """Also in Triton's spelling, KIND_CPU and KIND_GPU."""
    gpus: tuple[Card, ...] = ()
    """Cards, counted within an exported CUDA_VISIBLE_DEVICES; the first unless given."""

    @field_validator("kind", mode="before")
    @classmethod
    def _triton_spelling(cls, value: Any) -> Any:
        return value.lower().removeprefix("kind_") if isinstance(value, str) else value


class ModuleConfig(Settings):
    """One entry of ``modules_info``."""

    init_args: dict[str, Any] = Field(default={})
    """Arguments of the module's `_initialize`. Also which module it is: `version`; `name`, of an installed
    module that is served under another name; `directory`, of one that is not installed."""
    predict_args: dict[str, Any] = Field(default={})
    """Defaults for the serving method's arguments; a request's own win."""
    instances: tuple[InstanceGroup, ...] | None = None
    """Runners, instead of what the server's switches give."""
    max_batch_size: PositiveInt | None = None
    """Most items in one call, for a module that names its batch argument; the module's own unless given."""
    max_queue_delay_ms: Annotated[float, Field(ge=0, le=60000)] = 0.0
    """Longest wait for more items; nothing waits while nothing else is queued."""
    preferred_batch_sizes: tuple[PositiveInt, ...] = ()
    """Sizes at which waiting for more ends, though max_batch_size allows more."""
    max_queue_size: Annotated[int, Field(ge=1, le=4000)] = 128
    """Requests that may wait before further ones are refused with 503."""
    concurrency: PositiveInt | None = None
    """Batches at once in one runner of a thread-safe module; two more than engine threads unless given."""
    timeout: Seconds | None = None
    """Seconds until a request is answered 504; the server's timeout unless given."""
    ray: RayOptions | None = None
    """How it runs on a Ray cluster; the local engine does not look at it."""

    @property
    def version(self) -> str | None:
        return self._text("version")

    @property
    def installed_name(self) -> str | None:
        """The installed module's name, where it is served under another."""
        return self._text("name")

    @property
    def directory(self) -> str | None:
        return self._text("directory")

    def _text(self, key: str) -> str | None:
        value = self.init_args.get(key)
        return None if value is None else str(value)

    @property
    def module_args(self) -> dict[str, Any]:
        """``init_args`` without the keys that ``hub.Module(...)`` itself consumes."""
        consumed = {"version", "directory", "name", "source", "branch", "update", "ignore_env_mismatch"}
        return {key: value for key, value in self.init_args.items() if key not in consumed}
