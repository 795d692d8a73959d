"""The paths at which a model is called, and the target that each of them means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from hub.serving.gateway import targets
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.targets import EndpointTarget, ModuleTarget, Target
from hub.serving.messages.state import ServerState

#: PaddleHub 1.x had forms at ``/predict/image/<module>`` and ``/predict/text/<module>``.
FORMER_KINDS = ("image", "text")


class Spoken(Enum):
    """The protocol that a path belongs to."""

    PREDICT = auto()  # /predict/<module>[/<method>]
    ENDPOINT = auto()  # /<endpoint> of a pipeline
    INFER = auto()  # /v2/models/<name>[/versions/<version>]/infer


@dataclass(frozen=True, slots=True)
class ModelPath:
    """A path at which a model is called.

    Attributes:
        name: of a module, or an endpoint.
        detail: a method for PREDICT, a version for INFER; "" where none is named.
    """

    protocol: Spoken
    name: str
    detail: str = ""

    def target(self, gateway: Gateway) -> Target:
        """Return what is called, served or not."""
        if self.protocol is Spoken.PREDICT:
            return ModuleTarget(gateway, self.name, self.detail)
        if self.protocol is Spoken.ENDPOINT:
            return EndpointTarget(gateway, self.name)
        return targets.find(gateway, self.name)


def find(method: str, path: str, served: Callable[[], ServerState]) -> ModelPath | None:
    """Return what a request calls, None for no model; ``served`` is asked where that decides."""
    if method != "POST":
        return None
    match path.split("/")[1:]:
        case ["predict", name] if name:
            return ModelPath(Spoken.PREDICT, name)
        case ["predict", name, detail] if name and detail:
            is_former = name in FORMER_KINDS and name not in served().modules
            return None if is_former else ModelPath(Spoken.PREDICT, name, detail)
        case ["v2", "models", name, "infer"] if name:
            return ModelPath(Spoken.INFER, name)
        case ["v2", "models", name, "versions", version, "infer"] if name and version:
            return ModelPath(Spoken.INFER, name, version)
        case [endpoint] if endpoint in served().endpoints:
            return ModelPath(Spoken.ENDPOINT, endpoint)
    return None
