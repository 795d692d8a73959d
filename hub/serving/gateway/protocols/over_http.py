"""What every wire format over HTTP does with Flask's request, before and after the module."""

from __future__ import annotations

from flask import Response, g, request

from hub.serving.gateway import guards
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.dispatcher import ModuleReply
from hub.serving.gateway.handling import Incoming, wanted_timeout


def incoming(this: Gateway, name: str) -> Incoming:
    """Note which module is meant, and check the headers; nothing of the body is read.

    Raises:
        PayloadTooLargeError: the announced body is.  BindingError: X-Request-Timeout is no number.
    """
    asked = request._get_current_object()  # type: ignore[attr-defined]  # looked up once, not at each use
    headers, environ = asked.headers, asked.environ
    if name in this.states.current().modules:
        g.module = name  # a label of metrics, so only ever the name of a module that is served
    connection = environ.get("gunicorn.socket")
    return Incoming(
        request_id=g.request_id,
        arrived=g.arrived,
        size=guards.declared_length(headers, this.limits),
        timeout=wanted_timeout(headers.get("X-Request-Timeout"), "X-Request-Timeout"),
        strict=headers.get("X-Hub-Strict", "").lower() in ("1", "true", "yes"),
        caller=connection.fileno() if connection is not None else None,
    )


def read_body(this: Gateway) -> bytes:
    """The whole body; called when the request has its place."""
    environ = request.environ
    connection, length = environ.get("gunicorn.socket"), request.content_length
    data = guards.read_body(environ["wsgi.input"], this.limits, connection, length)
    g.has_read_body = True
    return data


def tell_how_it_went(response: Response, reply: ModuleReply) -> None:
    """Headers with the time spent, and the attempts where a runner died under the request."""
    response.headers["Server-Timing"] = (
        f"queue;dur={reply.queue_seconds * 1000:.2f}, batch;dur={reply.batch_seconds * 1000:.2f}, "
        f"inference;dur={reply.run_seconds * 1000:.2f}"
    )
    if reply.attempts > 1:
        response.headers["X-Hub-Attempts"] = str(reply.attempts)
