"""Error replies: a proper HTTP code, headers, and a body in the form of the protocol that was spoken.

Each protocol's blueprint registers ``respond`` as its error handler, with its own form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flask
from flask import request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

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
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.context import Gateway, current_gateway
from hub.serving.gateway.exchange import Response
from hub.serving.gateway.targets import explain

#: PaddleHub 2.x answered these with HTTP 200 and the status in the body; ``status_style`` "2.x" does so too.
PADDLEHUB_ERRORS = (BindingError, InvalidInputError, ModuleRaisedError, NotJSONError, UnknownModuleError)
#: nginx's code for a caller that left before the answer; it is only ever seen in the log.
CLIENT_CLOSED_REQUEST = 499


@dataclass(frozen=True)
class Failure:
    """The content of an error reply.

    Attributes:
        status: of the envelope.
        code: of HTTP.
        is_paddlehubs: PaddleHub 2.x answered it with HTTP 200.
    """

    message: str
    status: str
    code: int
    is_paddlehubs: bool = False


#: How a protocol writes an error: the body, and the code to send.
ErrorForm = Callable[[Failure], tuple[bytes, int]]


def json_reply(data: bytes, code: int) -> flask.Response:
    """Return JSON as a response of Flask's."""
    return flask.Response(data, status=code, mimetype="application/json")


def envelope_form(gateway: Gateway) -> ErrorForm:
    """Return the form of an error as PaddleHub's envelope."""
    return partial(_as_envelope, is_2x=gateway.config.status_style == "2.x")


def _as_envelope(failure: Failure, *, is_2x: bool) -> tuple[bytes, int]:
    is_200 = failure.is_paddlehubs and is_2x
    return envelope.failure(failure.message, failure.status), 200 if is_200 else failure.code


def respond(problem: Exception, form: ErrorForm | None = None) -> flask.Response:
    """Return Flask's reply to a request that failed; without a form, the envelope."""
    form = form or envelope_form(current_gateway())
    if not isinstance(problem, HTTPException):
        told = answer(problem, form)
        response = flask.Response(told.body, status=told.code, content_type=told.content_type)
        response.headers.extend(told.headers)
        return response
    response = json_reply(*form(Failure(_routing_message(problem), "101", problem.code or 500)))
    allowed = problem.get_response().headers.get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response


def answer(problem: Exception, form: ErrorForm) -> Response:
    """Return the response to a request that failed."""
    if isinstance(problem, CallerLeft):
        return Response(b"", CLIENT_CLOSED_REQUEST, "text/html; charset=utf-8")
    error = explain(problem)
    is_paddlehubs = isinstance(error, PADDLEHUB_ERRORS)
    body, code = form(Failure(str(error), error.status, error.http_status, is_paddlehubs))
    headers = [("X-Hub-Error", type(error).__name__)]  # statuses and codes are coarser than classes
    if isinstance(error, RequestError) and error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, UnauthorizedError):
        headers.append(("WWW-Authenticate", "Bearer"))
    return Response(body, code, headers=headers)


def _routing_message(problem: HTTPException) -> str:
    if problem.code == 404 and problem.description == NotFound.description:  # else a route says more
        hint = " (leave out the / at the end)" if request.path.endswith("/") else ""
        return f"there is nothing at {request.path}{hint}; predictions are at POST /predict/<module>"
    if problem.code == 405 and problem.description == MethodNotAllowed.description:
        return f"{request.method} is not allowed at {request.path}"
    return problem.description or problem.name
