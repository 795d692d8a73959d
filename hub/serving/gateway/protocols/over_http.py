"""The part of every protocol over HTTP: a request before the module, its response's headers after it."""

from __future__ import annotations

from hub.serving.gateway import unpack
from hub.serving.gateway.admission import too_many_bytes
from hub.serving.gateway.context import Exchange
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.exchange import Response
from hub.serving.gateway.gate import too_large
from hub.serving.gateway.request_context import RequestContext, is_true, parse_timeout


def announced(exchange: Exchange, module: str) -> RequestContext:
    """Note which module answers under a name, and check the headers; no body is read.

    Raises:
        BindingError: X-Request-Timeout is not a number.
    """
    request, context = exchange.request, exchange.context
    state = exchange.gateway.states.current()
    module = state.owner(module)
    if module in state.modules:
        context.module = module
    context.timeout = parse_timeout(request.header("X-Request-Timeout"), "X-Request-Timeout")
    context.strict = is_true(request.get("X-Hub-Strict"))
    return context


def read_body(exchange: Exchange, limit: int | None = None) -> bytes:
    """Return the whole body, unpacked.

    Args:
        exchange: the request.
        limit: bytes that it may have then; as many as a body may have unless given.

    Raises:
        RequestError: why it was not received, or cannot be unpacked.
    """
    data: bytes = exchange.request.variables["wsgi.input"].read()
    coding = unpack.coding(exchange.request.get("Content-Encoding"))
    if not coding:
        return data
    gateway, context = exchange.gateway, exchange.context
    most = gateway.limits.max_body if limit is None else limit

    def book(size: int) -> None:
        if context.unpacked + size > most:
            raise too_large(most)
        if not gateway.inflight.book(size):
            raise too_many_bytes()
        context.unpacked += size

    return unpack.unpack(data, coding, book)


def with_headers(response: Response, reply: ModuleReply) -> Response:
    """Say how the time was spent, and how many attempts it took."""
    spent = reply.header
    timing = (
        f"queue;dur={spent.queue_seconds * 1000:.2f}, batch;dur={spent.batch_seconds * 1000:.2f}, "
        f"inference;dur={spent.run_seconds * 1000:.2f}"
    )
    response.headers.append(("Server-Timing", timing))
    return with_attempts(response, reply.attempts)


def with_attempts(response: Response, attempts: int) -> Response:
    """Say how many attempts it took where a runner died under the request."""
    if attempts > 1:
        response.headers.append(("X-Hub-Attempts", str(attempts)))
    return response
