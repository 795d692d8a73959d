"""The one way from any protocol to a module: admit, dispatch, count; and what any exception means.

A protocol (``/predict``, ``/v2``, gRPC) makes a ``RequestContext``, takes a place with ``admitted``, reads
the body only then, and hands a ``Body`` to ``dispatch``. Limits, deadlines, metrics and errors are here and
in what this calls, once for all protocols.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import sys
from collections.abc import Iterator

from hub.errors import HubError, UnavailableError
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.dispatcher import ModuleReply
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages.state import ModuleState

log = logging.getLogger("hub.gateway")


@contextlib.contextmanager
def admitted(gateway: Gateway, module: ModuleState, context: RequestContext) -> Iterator[None]:
    """Hold a place in the module's queue, and memory for the body, while the request is handled.

    Raises:
        UnavailableError, QueueFullError: before anything was read.
    """
    with (
        gateway.admission.admit(module.name, _capacity(module), context.size),
        gateway.metrics.in_progress(module.name),
    ):
        yield


def memory_held(
    gateway: Gateway, name: str, context: RequestContext
) -> contextlib.AbstractContextManager[None]:
    """Hold memory for a body, but no place in a queue; raises UnavailableError when too much is in flight."""
    return gateway.admission.admit(f"/{name}", sys.maxsize, context.size)


def dispatch(gateway: Gateway, module: ModuleState, context: RequestContext, body: Body) -> ModuleReply:
    """Have the module answer; raises RequestError, or CallerLeft."""
    reply = gateway.dispatcher.call(module, body, context)
    gateway.metrics.replied(module.name, reply, batches=module.manifest.max_batch_size > 1)
    return reply


def explain(problem: Exception) -> HubError:
    """Return the error that a caller is told; an unexpected one is logged with its traceback."""
    if isinstance(problem, HubError):
        return problem
    if isinstance(problem, OSError) and problem.errno in (errno.EMFILE, errno.ENFILE):
        log.error("no descriptors are left: %s", problem)
        return UnavailableError("the server has too many connections; try again later", retry_after=1)
    log.error("a mistake of the server", exc_info=problem)
    return HubError("internal error; the server's log has the details under this request id")


def _capacity(module: ModuleState) -> int:
    """Return how many requests may be queued or running; one more would be refused by the socket anyway."""
    running = max(1, len(module.runners)) * module.manifest.concurrency
    return module.limits.max_queue_size + running * module.manifest.max_batch_size + 1
