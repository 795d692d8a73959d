"""[2] The Flask application: routes, request ids, and the one handler that makes every error reply."""

from __future__ import annotations

import logging
import re
import time
import uuid
from functools import partial

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from hub import envelope
from hub.errors import (
    BindingError,
    HubError,
    InvalidInputError,
    ModuleRaisedError,
    NotJSONError,
    RequestError,
    UnknownModuleError,
)
from hub.serving import http_worker
from hub.serving.config import ServingConfig
from hub.serving.dispatcher import CallerLeft, Dispatcher
from hub.serving.gateway_context import EXTENSION, Gateway, gateway, limits_of
from hub.serving.guards import Admission
from hub.serving.protocols import predict
from hub.serving.state import ServerState, StateReader

log = logging.getLogger("hub.gateway")

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")
#: What PaddleHub 2.x answered with HTTP 200 and the status in the body; ``status_style`` "2.x" does so too.
PADDLEHUB_ERRORS = (BindingError, InvalidInputError, ModuleRaisedError, NotJSONError, UnknownModuleError)
#: nginx's code for a caller that left before the answer; it is only ever seen in the log.
CLIENT_CLOSED_REQUEST = 499


def create_app(config: ServingConfig, states: StateReader, dispatcher: Dispatcher) -> Flask:
    """The app of one HTTP worker; it loads no module."""
    app = Flask("hub.serving", static_folder=None)
    limits = limits_of(config)
    app.extensions[EXTENSION] = Gateway(config, states, dispatcher, limits, Admission(limits.max_inflight))
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Exception, _error)
    app.register_blueprint(predict.blueprint)
    app.add_url_rule("/", view_func=index, methods=["GET", "POST"])
    app.add_url_rule("/health/live", view_func=live)
    app.add_url_rule("/health/ready", view_func=ready)
    return app


def index() -> Response:
    """What is served here; PaddleHub answered with one line of text."""
    modules = gateway().states.current().modules
    lines = [f"POST /predict/{name}    {module.version}  {module.state}" for name, module in modules.items()]
    return Response("\n".join(["HubServing", *lines, ""]), mimetype="text/plain")


def live() -> Response:
    """200 as long as this process answers."""
    return _json(b'{"live":true}', 200)


def ready() -> Response:
    """200 when every module has a warm runner, else 503 with each module's state and reason."""
    state = gateway().states.current()
    return _json(envelope.dumps(_readiness(state)), 200 if state.ready else 503)


def _readiness(state: ServerState) -> dict[str, object]:
    modules = {
        name: {"state": module.state, **({"reason": module.reason} if module.reason else {})}
        for name, module in state.modules.items()
    }
    return {"ready": state.ready, "modules": modules}


def _json(data: bytes, code: int) -> Response:
    return Response(data, status=code, mimetype="application/json")


def _begin() -> None:
    g.arrived = time.monotonic()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    return response


def _error(error: Exception) -> Response:
    """Every error reply of the server: the envelope with its status, and a proper HTTP code."""
    if isinstance(error, CallerLeft):
        log.info("request %s: the caller hung up", g.request_id)
        return Response(status=CLIENT_CLOSED_REQUEST)
    if isinstance(error, HTTPException):
        return _reply(
            _routing_message(error), "101", error.code or 500, error.get_response().headers.get("Allow")
        )
    if isinstance(error, HubError):
        is_200 = gateway().config.status_style == "2.x" and isinstance(error, PADDLEHUB_ERRORS)
        response = _reply(str(error), error.status, 200 if is_200 else error.http_status)
        if isinstance(error, RequestError) and error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    log.error("request %s: a mistake of the server", g.request_id, exc_info=error)
    return _reply("internal error; the server's log has the details under this request id", "101", 500)


def _reply(message: str, status: str, code: int, allow: str | None = None) -> Response:
    response = _json(envelope.failure(message, status), code)
    if not g.get("has_read_body") and _sends_much():
        # Answer, receive the rest for a moment so that the sender sees the answer, close.
        http_worker.ask_to_close(request.environ)
        response.call_on_close(partial(http_worker.discard, request.environ["wsgi.input"]))
    if allow:
        response.headers["Allow"] = allow
    return response


def _sends_much() -> bool:
    """Whether the request has a body that Gunicorn would not throw away by itself."""
    length = request.content_length
    return "Transfer-Encoding" in request.headers if length is None else length > http_worker.SMALL_BODY


def _routing_message(error: HTTPException) -> str:
    if error.code == 404:
        return f"there is nothing at {request.path}; predictions are at POST /predict/<module>"
    if error.code == 405:
        return f"{request.method} is not allowed at {request.path}"
    return error.description or error.name
