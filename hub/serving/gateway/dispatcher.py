"""The way from a protocol to a module: what comes back, and who carries it.

There are two dispatchers: ``RunnerClient`` reaches runners on this machine, ``hub/serving/ray`` replicas on a
Ray cluster. Neither loses what a dying runner dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hub import errors
from hub.serving.gateway.body import Body
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages.state import FAILED, READY, ModuleState
from hub.serving.messages.wire import ReplyHeader


@dataclass(frozen=True)
class ModuleReply:
    """A module's answer: ``results`` is JSON; at an endpoint the whole reply. ``attempts`` were needed."""

    results: bytes
    header: ReplyHeader = field(default_factory=ReplyHeader)
    attempts: int = 1

    @property
    def remarks(self) -> str:
        """The envelope's ``msg``."""
        return "; ".join(self.header.notes)


class CallerLeft(Exception):
    """The client hung up; there is nobody to answer."""


class Dispatcher(Protocol):
    """The way to a module, wherever it runs."""

    def call(self, module: ModuleState, body: Body, context: RequestContext) -> ModuleReply:
        """Have the module answer; raises RequestError, or CallerLeft."""
        ...


def refuse_unless_served(name: str, module: ModuleState | None) -> ModuleState:
    """Return the module if it can take requests.

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
