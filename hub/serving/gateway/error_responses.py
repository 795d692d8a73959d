"""The one handler that makes every error reply: the envelope, a proper HTTP code, a line in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from flask import Response, g, request
from werkzeug.exceptions import HTTPException, NotFound

from hub import envelope
from hub.errors import (
    BindingError,
    InvalidInputError,
    ModuleRaisedError,
    NotJSONError,
    RequestError,
    UnauthorizedError,
    UnknownModuleError,
)
from hub.serving.gateway import handling, worker
from hub.serving.gateway.context import gateway
from hub.serving.gateway.dispatcher import CallerLeft

log = logging.getLogger("hub.gateway")

#: What PaddleHub 2.x answered with HTTP 200 and the status in the body; ``status_style`` "2.x" does so too.
PADDLEHUB_ERRORS = (BindingError, InvalidInputError, ModuleRaisedError, NotJSONError, UnknownModuleError)
#: nginx's code for a caller that left before the answer; it is only ever seen in the log.
CLIENT_CLOSED_REQUEST = 499


#: How a wire format writes an error: from message, status and HTTP code to the body and the code to send.
ErrorForm = Callable[[str, str, int], tuple[bytes, int]]
#: Each with the test of the path's first part by which its errors are known. All others: the envelope.
_ERROR_FORMS: list[tuple[Callable[[str], bool], ErrorForm]] = []


def register_error_form(applies: Callable[[str], bool], form: ErrorForm) -> None:
    """Have errors below ``/<door>`` written in a form of its own, where ``applies(door)``."""
    _ERROR_FORMS.append((applies, form))


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
    explained = handling.explain(problem)
    response = _failure(
        str(explained),
        explained.status,
        explained.http_status,
        is_paddlehubs=isinstance(explained, PADDLEHUB_ERRORS),
    )
    response.headers["X-Hub-Error"] = type(explained).__name__  # statuses and codes are coarser than classes
    if isinstance(explained, RequestError) and explained.retry_after is not None:
        response.headers["Retry-After"] = str(explained.retry_after)
    if isinstance(explained, UnauthorizedError):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _failure(message: str, status: str, code: int, *, is_paddlehubs: bool = False) -> Response:
    door = request.path.split("/", 2)[1]  # known even where no route matches
    form = next((form for applies, form in _ERROR_FORMS if applies(door)), None)
    if form is not None:
        response = json_reply(*form(message, status, code))
    else:
        is_200 = is_paddlehubs and gateway().config.status_style == "2.x"
        response = json_reply(envelope.failure(message, status), 200 if is_200 else code)
    if not g.get("has_read_body") and _sends_much():
        # Answer, receive the rest for a moment so that the sender sees the answer, close.
        worker.ask_to_close(request.environ)
        response.call_on_close(partial(worker.discard, request.environ["wsgi.input"]))
    return response


def _sends_much() -> bool:
    """Whether the request has a body that Gunicorn would not throw away by itself."""
    length = request.content_length
    return "Transfer-Encoding" in request.headers if length is None else length > worker.SMALL_BODY


def _routing_message(problem: HTTPException) -> str:
    if problem.code == 404 and problem.description == NotFound.description:  # else a route says more
        return f"there is nothing at {request.path}; predictions are at POST /predict/<module>"
    if problem.code == 405:
        return f"{request.method} is not allowed at {request.path}"
    return problem.description or problem.name
