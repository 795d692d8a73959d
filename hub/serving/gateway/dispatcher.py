"""The way from a door to a module: what a request and its reply are, and who carries them.

The Flask app knows only the ``Dispatcher`` protocol. There are two: ``SocketDispatcher`` reaches runners on
this machine, ``hub.serving.ray`` replicas on a Ray cluster. Neither loses what a dying runner dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hub import errors
from hub.serving.messages.state import FAILED, READY, ModuleState


@dataclass(frozen=True)
class ModuleRequest:
    """One call, the same whatever wire format it came in.

    Attributes:
        arguments: the keyword arguments except images, as a JSON object; at an endpoint its body's fields.
        images: argument name → encoded image bytes, or a list of them.
        endpoint: name of the pipeline's endpoint that is called, "" for the module itself.
        files: field of the endpoint's body → a file's bytes.
        deadline: ``time.monotonic()`` after which nobody needs the answer.
        caller: file descriptor of the client's connection, watched for its hanging up; or None.
    """

    request_id: str
    arguments: bytes
    images: Mapping[str, bytes | Sequence[bytes]]
    deadline: float
    strict: bool = False
    caller: int | None = None
    endpoint: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class ModuleReply:
    """``results`` is JSON; at an endpoint the whole reply, sent with ``http_status``. Times in seconds."""

    results: bytes
    notes: Sequence[str] = ()
    queue_seconds: float = 0.0
    batch_seconds: float = 0.0
    run_seconds: float = 0.0
    batch: int = 1
    attempts: int = 1
    generation: int = 1
    http_status: int = 200


class CallerLeft(Exception):
    """The client hung up; there is nobody to answer."""


class Dispatcher(Protocol):
    """The way to a module, wherever it runs."""

    def call(self, module: ModuleState, request: ModuleRequest) -> ModuleReply:
        """Raises RequestError, or CallerLeft."""
        ...


def refuse_unless_served(name: str, module: ModuleState | None) -> ModuleState:
    """The module if it can take requests.

    Raises:
        UnknownModuleError: 404.  UnavailableError: 503, loading or FAILED, with the reason.
    """
    if module is None:
        raise errors.UnknownModuleError(f"Module {name} is not available.")
    if module.state == READY:
        return module
    if module.state == FAILED:
        raise errors.UnavailableError(f"module {name} has failed: {module.reason}", retry_after=30)
    raise errors.UnavailableError(f"module {name} is loading", retry_after=2)
