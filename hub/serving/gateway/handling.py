"""The one way from any wire format to a module: admit, dispatch, count; and what any exception means.

A wire format (a *door*: ``/predict``, ``/v2``, gRPC) says what it knows of a request (``Incoming``), takes a
place with ``admitted``, reads the body only then, and hands a ``Body`` to ``dispatch``. Limits, deadlines,
metrics and errors live here and in what this calls, once for all doors.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hub.errors import BindingError, HubError, UnavailableError
from hub.serving.gateway.body import Body
from hub.serving.gateway.dispatcher import ModuleReply, ModuleRequest, refuse_unless_served
from hub.serving.messages.state import ModuleState

if TYPE_CHECKING:
    from hub.serving.gateway.context import Gateway

log = logging.getLogger("hub.gateway")


@dataclass(frozen=True)
class Incoming:
    """What a door knows of a request before its body is looked at.

    Attributes:
        arrived: ``time.monotonic()`` when its headers were there.
        size: bytes that its body will take.
        timeout: seconds in which the caller wants the answer; only shortens the module's own.
        strict: an image that cannot be read is an error instead of a remark.
        caller: a file descriptor that reports a hang-up when the caller leaves, or None.
    """

    request_id: str
    arrived: float
    size: int
    timeout: float | None = None
    strict: bool = False
    caller: int | None = None


class Endpoint(Protocol):
    """A pipeline's endpoint (``ocr`` of ``POST /ocr``), for doors that carry JSON in a tensor.

    Its reply is JSON in the shape that its own HTTP route has, also when it failed. ``incoming.size`` is 0 by
    then: the memory for the body is held already.
    """

    def is_ready(self, this: Gateway) -> bool: ...

    def answer(self, this: Gateway, incoming: Incoming, body: bytes) -> bytes: ...


@contextlib.contextmanager
def admitted(this: Gateway, name: str, incoming: Incoming) -> Iterator[ModuleState]:
    """Hold a place in the module's queue, and memory for the body, while the request is handled.

    Raises:
        UnknownModuleError, UnavailableError, QueueFullError: before anything was read.
    """
    module = refuse_unless_served(name, this.states.current().modules.get(name))
    with (
        this.admission.admit(name, _capacity(module), incoming.size),
        this.metrics.in_progress(name),
    ):
        yield module


def held(this: Gateway, name: str, incoming: Incoming) -> contextlib.AbstractContextManager[None]:
    """Hold memory for an endpoint's body; the places in queues are its modules' own.

    Raises UnavailableError when too many bytes are in flight.
    """
    return this.admission.admit(f"/{name}", sys.maxsize, incoming.size)


def dispatch(this: Gateway, module: ModuleState, incoming: Incoming, body: Body) -> ModuleReply:
    """Have the module answer; raises RequestError, or CallerLeft."""
    seconds = float(module.limits["timeout"])
    if incoming.timeout is not None:
        seconds = min(seconds, incoming.timeout)
    reply = this.dispatcher.call(
        module,
        ModuleRequest(
            request_id=incoming.request_id,
            arguments=body.arguments,
            images=body.images,
            endpoint=body.endpoint,
            files=body.files,
            deadline=incoming.arrived + seconds,
            strict=incoming.strict,
            caller=incoming.caller,
        ),
    )
    this.metrics.replied(module.name, reply, batches=module.manifest.get("max_batch_size", 1) > 1)
    return reply


def wanted_timeout(text: str | None, where: str) -> float | None:
    """Seconds from a header; raises BindingError for what is no number above 0."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise BindingError(f"{where} must be a number of seconds above 0, not {text!r}")
    return seconds


def explain(problem: Exception) -> HubError:
    """The error that a caller is told; one that is not on purpose goes into the log with its traceback."""
    if isinstance(problem, HubError):
        return problem
    if isinstance(problem, OSError) and problem.errno in (errno.EMFILE, errno.ENFILE):
        log.error("no descriptors are left: %s", problem)
        return UnavailableError("the server has too many connections; try again later", retry_after=1)
    log.error("a mistake of the server", exc_info=problem)
    return HubError("internal error; the server's log has the details under this request id")


def _capacity(module: ModuleState) -> int:
    """Requests that may be queued or running; one more would be refused by the socket anyway."""
    running = max(1, len(module.runners)) * int(module.manifest.get("concurrency", 1))
    return int(module.limits["max_queue_size"]) + running * int(module.manifest.get("max_batch_size", 1)) + 1
