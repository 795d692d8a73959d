"""The keys of a module's ``"ray"`` object in config.json. Imports nothing of Ray."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, model_validator

from hub import extras
from hub.serving.config.base import Settings

PositiveInt = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0)]
Delay = Annotated[float, Field(ge=0, le=86400)]
#: The command that installs HubServing itself on a node, in its checkout or by a wheel.
OF_NODES: Final = "pip install '.[ray]' in the checkout, or pip install 'FILE.whl[ray]'"


def _check_address(value: str) -> str:
    if value != "auto" and not re.fullmatch(r"[^\s:/]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", value):
        raise ValueError(
            "auto or host:port is allowed; this machine must be a node of the cluster "
            "(ray start --address=HOST:PORT --num-cpus=0)"
        )
    return value


Address = Annotated[str, AfterValidator(_check_address)]


class RayOptions(Settings):
    """How a module runs on a Ray cluster; the local engine does not look at it."""

    num_cpus: Annotated[float, Field(gt=0)] | None = None
    """Cores that a replica takes, and its engine threads; 1 unless given."""
    num_gpus: Amount | None = None
    """Cards that a replica takes (0.5: two share one); 1 for replicas on gpu unless given, else 0."""
    resources: dict[str, Annotated[float, Field(gt=0)]] = Field(default={})
    """Ray's custom resources that a replica takes; only nodes that offer them are used."""
    max_ongoing_requests: PositiveInt | None = None
    """Requests that a replica is handed at once; twice what it runs at once unless given."""
    max_replicas: PositiveInt | None = None
    """Lets Ray Serve choose the number of replicas, up to this; without, `instances` says how many."""
    min_replicas: PositiveInt | None = None
    """With `max_replicas`, the fewest; 1 unless given."""
    target_ongoing_requests: Annotated[float, Field(gt=0)] = 2.0
    """Requests per replica that autoscaling aims at."""
    upscale_delay_s: Delay = 30.0
    """Seconds of more requests than that before there are more replicas."""
    downscale_delay_s: Delay = 600.0
    """Seconds of fewer before there are fewer."""
    weights: tuple[str, ...] = ()
    """Weights that go along in the archive besides those that the module declares."""

    @model_validator(mode="after")
    def _range(self) -> RayOptions:
        if self.max_replicas is None and self.min_replicas is not None:
            raise ValueError("min_replicas needs max_replicas")
        if self.max_replicas is not None and self.max_replicas < (self.min_replicas or 1):
            raise ValueError(
                f"max_replicas ({self.max_replicas}) is below min_replicas ({self.min_replicas})"
            )
        return self

    @property
    def autoscaling(self) -> dict[str, Any] | None:
        """Ray Serve's ``autoscaling_config``, or None for a fixed number."""
        if self.max_replicas is None:
            return None
        keys = {"max_replicas", "target_ongoing_requests", "upscale_delay_s", "downscale_delay_s"}
        return {"min_replicas": self.min_replicas or 1, **self.model_dump(include=keys)}


def how_to_install() -> str:
    """Return the command that installs what the backend needs."""
    return extras.command("ray")


def is_installed() -> bool:
    """Tell whether the extra is there, without importing it."""
    return all(find_spec(name) is not None for name in ("ray", "starlette", "fastapi"))
