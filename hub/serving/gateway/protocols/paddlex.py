"""PaddleX's basic serving: ``POST /<endpoint>`` for what pipelines declare, and ``GET /health``."""

from __future__ import annotations

from typing import NoReturn

import flask
from flask import Blueprint, Flask, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, ValidationError

from hub import envelope
from hub.errors import MediaTypeError, RequestError
from hub.serving.gateway import error_responses
from hub.serving.gateway.context import Exchange, current_exchange, current_gateway, request_context
from hub.serving.gateway.delivery import Handler, refuse_unless_served
from hub.serving.gateway.error_responses import ErrorForm, json_reply
from hub.serving.gateway.exchange import Response
from hub.serving.gateway.model_paths import ModelPath
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.targets import EndpointTarget, paddlex_failure
from hub.serving.messages.state import ServerState

blueprint = Blueprint("paddlex", __name__)
#: Apart, because its errors have PaddleX's form and those of ``/health`` the envelope's.
endpoints = Blueprint("paddlex_endpoints", __name__)


class EndpointConverter(BaseConverter):
    """Matches an endpoint that a module declares at this moment; for all else there is no such route."""

    def to_python(self, value: str) -> str:
        if value not in current_gateway().states.current().endpoints:
            raise ValidationError
        return value


def register(app: Flask) -> None:
    """Add the routes of this file."""
    app.url_map.converters["pipeline_endpoint"] = EndpointConverter
    app.register_blueprint(blueprint)
    app.register_blueprint(endpoints)


# Werkzeug compares methods before it asks the converter: with POST alone, GET on any path would be a 405.
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@endpoints.route("/<pipeline_endpoint:endpoint>", methods=_METHODS)
def call_endpoint(endpoint: str) -> NoReturn:
    """Refuse; POST does not come here."""
    raise MethodNotAllowed(["POST"])


def answer(exchange: Exchange, path: ModelPath) -> Handler[Response]:
    """Admit, dispatch, send what the module gave. Everything that is refused is refused by an exception."""
    gateway = exchange.gateway
    target = EndpointTarget(gateway, path.name)
    context = over_http.announced(exchange, gateway.states.current().endpoints.get(path.name, ""))
    kind = exchange.request.content_type.partition(";")[0].strip().lower()
    if kind not in ("", "application/json") and not kind.endswith("+json"):
        raise MediaTypeError(f"content type {kind!r} is not read here; send application/json")
    reply = yield from target.call(context, lambda: over_http.read_body(exchange))
    return over_http.with_headers(Response(target.to_reply(reply), reply.header.http_status), reply)


@endpoints.route("/<pipeline_endpoint:endpoint>/", methods=_METHODS)
@endpoints.route("/health/", defaults={"endpoint": "health"})
def without_slash(endpoint: str) -> flask.Response:
    """Redirect as PaddleX's server does: by 307, which keeps method and body."""
    query = request.query_string.decode("ascii", "replace")
    return flask.Response(
        status=307, headers={"Location": f"/{endpoint}?{query}" if query else f"/{endpoint}"}
    )


@blueprint.get("/health")
def health() -> flask.Response:
    """Return 200 "Healthy" when every module has a warm runner, else 503.

    PaddleX opens its port only then.
    """
    state, context = current_gateway().states.current(), request_context()
    if state.ready:
        healthy = {"logId": context.request_id, "errorCode": 0, "errorMsg": "Healthy"}
        return json_reply(envelope.dumps(healthy), 200)
    waiting = ", ".join(f"{name} is {module.state}" for name, module in state.modules.items())
    return json_reply(*paddlex_failure(f"not ready: {waiting}", 503, context))


@endpoints.errorhandler(Exception)
def failed(problem: Exception) -> flask.Response:
    """Write an endpoint's error in PaddleX's form."""
    return error_responses.respond(problem, error_form(current_exchange()))


def loading() -> RequestError | None:
    """Return the error of a module that may answer here: its endpoints are known once it was ready."""
    if request.method == "POST" and request.path.rstrip("/").count("/") == 1:
        for name, module in _state().modules.items():
            if not module.manifest.is_known:
                try:
                    refuse_unless_served(name, module)
                except RequestError as error:
                    return error
    return None


def has_its_form(first: str) -> bool:
    """Tell whether a request that no route took is answered in PaddleX's form, by its path's first part.

    It is below an endpoint that a module declares, the settings say so, or all modules have endpoints.
    """
    state = _state()
    if first in state.endpoints or current_gateway().config.paddlex_errors:
        return True
    return bool(state.modules) and all(module.manifest.endpoints for module in state.modules.values())


def unrouted(problem: Exception) -> flask.Response:
    """Answer a request that no route took, in PaddleX's form; a 404 names the endpoints."""
    if isinstance(problem, NotFound):
        there_are = ", ".join(f"POST /{endpoint}" for endpoint in _state().endpoints)
        problem = NotFound(f"there is nothing at {request.path}; there are {there_are}")
    return failed(problem)


def _state() -> ServerState:
    """Return what is served; nothing where that cannot be read, because an error is being answered."""
    try:
        return current_gateway().states.current()
    except (OSError, ValueError):
        return ServerState()


def error_form(exchange: Exchange) -> ErrorForm:
    """Return PaddleX's form, which has the id of the request."""
    return lambda failure: paddlex_failure(failure.message, failure.code, exchange.context)
