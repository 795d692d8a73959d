"""The part of every protocol over HTTP: Flask's request before the module, the reply's headers after it."""

from __future__ import annotations

from flask import Response, request

from hub.serving.gateway import unpack
from hub.serving.gateway.admission import too_many_bytes
from hub.serving.gateway.context import Gateway, current_gateway, request_context
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.gate import too_large
from hub.serving.gateway.request_context import RequestContext, is_true, parse_timeout
from hub.serving.gateway.wsgi import CALLER


def announced(gateway: Gateway, module: str) -> RequestContext:
    """Note which module answers under a name, and check the headers; no body is read.

    Raises:
        BindingError: X-Request-Timeout is not a number.
    """
    context = request_context()
    current = request._get_current_object()  # type: ignore[attr-defined]  # looked up once, not at each use
    headers = current.headers
    state = gateway.states.current()
    module = state.owner(module)
    if module in state.modules:
        context.module = module
    context.timeout = parse_timeout(headers.get("X-Request-Timeout"), "X-Request-Timeout")
    context.strict = is_true(headers.get("X-Hub-Strict", ""))
    context.caller = current.environ.get(CALLER, context.caller)
    return context


def read_body(limit: int | None = None) -> bytes:
    """Return the whole body, unpacked.

    Args:
        limit: bytes that it may have then; as many as a body may have unless given.

    Raises:
        RequestError: why it was not received, or cannot be unpacked.
    """
    data: bytes = request.environ["wsgi.input"].read()
    coding = unpack.coding(request.headers.get("Content-Encoding", ""))
    if not coding:
        return data
    gateway, context = current_gateway(), request_context()
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
    response.headers["Server-Timing"] = (
        f"queue;dur={spent.queue_seconds * 1000:.2f}, batch;dur={spent.batch_seconds * 1000:.2f}, "
        f"inference;dur={spent.run_seconds * 1000:.2f}"
    )
    return with_attempts(response, reply.attempts)


def with_attempts(response: Response, attempts: int) -> Response:
    """Say how many attempts it took where a runner died under the request."""
    if attempts > 1:
        response.headers["X-Hub-Attempts"] = str(attempts)
    return response
