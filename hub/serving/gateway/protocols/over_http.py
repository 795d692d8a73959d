"""The part of every protocol over HTTP: Flask's request before the module, the reply's headers after it."""

from __future__ import annotations

from flask import Response, request

from hub.serving.gateway.context import Gateway, request_context
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.request_context import RequestContext, is_true, parse_timeout
from hub.serving.gateway.wsgi import CALLER


def announced(gateway: Gateway, module: str) -> RequestContext:
    """Note which module is meant, and check the headers; nothing of the body is read.

    Raises:
        BindingError: X-Request-Timeout is not a number.
    """
    context = request_context()
    current = request._get_current_object()  # type: ignore[attr-defined]  # looked up once, not at each use
    headers = current.headers
    if module in gateway.states.current().modules:
        context.module = module
    context.timeout = parse_timeout(headers.get("X-Request-Timeout"), "X-Request-Timeout")
    context.strict = is_true(headers.get("X-Hub-Strict", ""))
    context.caller = current.environ.get(CALLER, context.caller)
    return context


def read_body() -> bytes:
    """Return the whole body; raises the RequestError for which it was not received."""
    data: bytes = request.environ["wsgi.input"].read()
    return data


def with_headers(response: Response, reply: ModuleReply) -> Response:
    """Say how the time was spent, and how many attempts it took where a runner died under the request."""
    spent = reply.header
    response.headers["Server-Timing"] = (
        f"queue;dur={spent.queue_seconds * 1000:.2f}, batch;dur={spent.batch_seconds * 1000:.2f}, "
        f"inference;dur={spent.run_seconds * 1000:.2f}"
    )
    if reply.attempts > 1:
        response.headers["X-Hub-Attempts"] = str(reply.attempts)
    return response
