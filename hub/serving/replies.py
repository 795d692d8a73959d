"""[2] The one handler that makes every error reply: the envelope, a proper HTTP code, a line in the log."""

from __future__ import annotations

import errno
import logging
from functools import partial

from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from hub import envelope
from hub.errors import (
    BindingError,
    HubError,
    InvalidInputError,
    ModuleRaisedError,
    NotJSONError,
    RequestError,
    UnauthorizedError,
    UnavailableError,
    UnknownModuleError,
)
from hub.serving import http_worker
from hub.serving.dispatcher import CallerLeft
from hub.serving.gateway_context import gateway

log = logging.getLogger("hub.gateway")

#: What PaddleHub 2.x answered with HTTP 200 and the status in the body; ``status_style`` "2.x" does so too.
PADDLEHUB_ERRORS = (BindingError, InvalidInputError, ModuleRaisedError, NotJSONError, UnknownModuleError)
#: nginx's code for a caller that left before the answer; it is only ever seen in the log.
CLIENT_CLOSED_REQUEST = 499


def json_reply(data: bytes, code: int) -> Response:
    return Response(data, status=code, mimetype="application/json")


def error(problem: Exception) -> Response:
    """The reply to a request that failed; Flask calls it for every exception."""
    if isinstance(problem, CallerLeft):
        return Response(status=CLIENT_CLOSED_REQUEST)
    if isinstance(problem, HTTPException):
        response = _failure(_routing_message(problem), "101", problem.code or 500)
        allowed = problem.get_response().headers.get("Allow")
        if allowed:
            response.headers["Allow"] = allowed
        return response
    if isinstance(problem, OSError) and problem.errno in (errno.EMFILE, errno.ENFILE):
        log.error("no descriptors are left: %s", problem)
        problem = UnavailableError("the server has too many connections; try again later", retry_after=1)
    if isinstance(problem, HubError):
        is_200 = gateway().config.status_style == "2.x" and isinstance(problem, PADDLEHUB_ERRORS)
        response = _failure(str(problem), problem.status, 200 if is_200 else problem.http_status)
        if isinstance(problem, RequestError) and problem.retry_after is not None:
            response.headers["Retry-After"] = str(problem.retry_after)
        if isinstance(problem, UnauthorizedError):
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
    log.error("a mistake of the server", exc_info=problem)
    return _failure("internal error; the server's log has the details under this request id", "101", 500)


def _failure(message: str, status: str, code: int) -> Response:
    response = json_reply(envelope.failure(message, status), code)
    if not g.get("has_read_body") and _sends_much():
        # Answer, receive the rest for a moment so that the sender sees the answer, close.
        http_worker.ask_to_close(request.environ)
        response.call_on_close(partial(http_worker.discard, request.environ["wsgi.input"]))
    return response


def _sends_much() -> bool:
    """Whether the request has a body that Gunicorn would not throw away by itself."""
    length = request.content_length
    return "Transfer-Encoding" in request.headers if length is None else length > http_worker.SMALL_BODY


def _routing_message(problem: HTTPException) -> str:
    if problem.code == 404:
        return f"there is nothing at {request.path}; predictions are at POST /predict/<module>"
    if problem.code == 405:
        return f"{request.method} is not allowed at {request.path}"
    return problem.description or problem.name
