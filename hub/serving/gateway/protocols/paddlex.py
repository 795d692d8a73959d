"""PaddleX's basic serving: ``POST /<endpoint>`` for what pipelines declare, and ``GET /health``."""

from __future__ import annotations

import contextlib

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, ValidationError

from hub import envelope
from hub.errors import MediaTypeError, RequestError
from hub.serving.gateway import error_responses
from hub.serving.gateway.context import gateway
from hub.serving.gateway.dispatcher import refuse_unless_served
from hub.serving.gateway.protocols import over_http, pipelines
from hub.serving.gateway.protocols.pipelines import Exchange

blueprint = Blueprint("paddlex", __name__)


class EndpointConverter(BaseConverter):
    """Matches an endpoint that a module declares at this moment; for all else there is no such route."""

    def to_python(self, value: str) -> str:
        if value not in gateway().states.current().endpoints:
            raise ValidationError
        return value


def register(app: Flask) -> None:
    """Add the routes of this file."""
    app.url_map.converters["pipeline_endpoint"] = EndpointConverter
    app.register_blueprint(blueprint)


# Werkzeug compares methods before it asks the converter: with POST alone, GET on any path would be a 405.
@blueprint.route("/<pipeline_endpoint:endpoint>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def call_endpoint(endpoint: str) -> Response:
    """Guard, dispatch, send what the module gave. Everything that is refused is refused by an exception."""
    if request.method != "POST":
        raise MethodNotAllowed(["POST"])
    this = gateway()
    name = this.states.current().endpoints.get(endpoint, "")
    g.exchange = exchange = Exchange(this, endpoint, over_http.incoming(this, name))
    kind = (request.content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise MediaTypeError(f"content type {kind or 'none'!r} is not read here; send application/json")
    reply = exchange.run(lambda: over_http.read_body(this))
    response = error_responses.json_reply(reply.results, reply.http_status)
    over_http.tell_how_it_went(response, reply)
    return response


@blueprint.get("/health")
def health() -> Response:
    """200 "Healthy" when every module has a warm runner, else 503; PaddleX opens its port only then."""
    state = gateway().states.current()
    if state.ready:
        return error_responses.json_reply(
            envelope.dumps({"logId": g.request_id, "errorCode": 0, "errorMsg": "Healthy"}), 200
        )
    waiting = ", ".join(f"{name} is {module.state}" for name, module in state.modules.items())
    body, code = pipelines.failure(f"not ready: {waiting}", 503, g.request_id)
    return error_responses.json_reply(body, code)


@blueprint.app_errorhandler(NotFound)
def not_found(problem: NotFound) -> Response:
    """What a module answers at is known once it was ready: until then, 503 with its state is the truth."""
    if request.method == "POST" and request.path.count("/") == 1:
        for name, module in gateway().states.current().modules.items():
            if not module.manifest:
                try:
                    refuse_unless_served(name, module)
                except RequestError as error:
                    g.may_be_endpoint = True
                    return error_responses.error(error)
    return error_responses.error(problem)


def _is_endpoint(door: str) -> bool:
    with contextlib.suppress(OSError, ValueError):  # an error is being answered: it must not raise another
        return g.get("may_be_endpoint", False) or door in gateway().states.current().endpoints
    return False


def _error_form(message: str, _: str, code: int) -> tuple[bytes, int]:
    exchange: Exchange | None = g.get("exchange")
    return pipelines.failure(message, code, exchange.log_id if exchange else g.request_id)


error_responses.register_error_form(_is_endpoint, _error_form)
