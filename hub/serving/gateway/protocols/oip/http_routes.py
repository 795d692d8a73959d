"""The Open Inference Protocol v2 over HTTP: ``/v2/…``, with the binary-data extension.

Errors are ``{"error": "…"}`` with the HTTP code that they have everywhere. A request with binary tensors has
its JSON first and that JSON's length in the header ``Inference-Header-Content-Length``; so has a reply.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import flask
from flask import Blueprint
from werkzeug.exceptions import NotFound

from hub import envelope
from hub.errors import InvalidInputError
from hub.json_words import shown
from hub.serving.gateway import error_responses, targets
from hub.serving.gateway.body import parse_object
from hub.serving.gateway.context import Exchange, current_exchange, current_gateway
from hub.serving.gateway.delivery import Handler
from hub.serving.gateway.error_responses import Failure, json_reply
from hub.serving.gateway.exchange import Response
from hub.serving.gateway.gate import SMALL_BODY
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.gateway.model_paths import ModelPath
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.protocols.oip import infer_body, models, statistics
from hub.serving.gateway.protocols.oip import metadata as described
from hub.serving.gateway.protocols.oip import repository as repositories
from hub.serving.gateway.protocols.oip.models import Inference, InferRequest
from hub.serving.gateway.targets import Target

blueprint = Blueprint("oip", __name__, url_prefix="/v2")
#: Parts of the paths of Triton's extensions that are not offered.
_NOT_OFFERED = {
    "systemsharedmemory": infer_body.NOT_OFFERED["shared_memory_region"],
    "cudasharedmemory": infer_body.NOT_OFFERED["shared_memory_region"],
    "trace": "trace settings are not offered; a reply's Server-Timing header says how its time was spent",
    "logging": "log settings are not offered; the log's form is set with log_format when the server starts",
    "generate": "the generate extension is not offered; use /v2/models/NAME/infer",
    "generate_stream": "the generate extension is not offered; use /v2/models/NAME/infer",
}
HEADER_LENGTH = "Inference-Header-Content-Length"


@blueprint.errorhandler(Exception)
def failed(problem: Exception) -> flask.Response:
    """Write an error in the protocol's form."""
    return error_responses.respond(problem, error_form)


def error_form(failure: Failure) -> tuple[bytes, int]:
    """Write an error in the protocol's form."""
    return envelope.dumps({"error": failure.message}), failure.code


@blueprint.get("")
@blueprint.get("/")
def server() -> flask.Response:
    return _json(described.server())


@blueprint.get("/health/live")
def live() -> flask.Response:
    return _json({"live": True})


@blueprint.get("/health/ready")
def ready() -> flask.Response:
    """Return 200 when every module has a warm runner, else 503."""
    state = current_gateway().states.current()
    return _json({"ready": state.ready}, 200 if state.ready else 503)


@blueprint.get("/models/<name>")
@blueprint.get("/models/<name>/versions/<version>")
def metadata(name: str, version: str = "") -> flask.Response:
    return _json(described.metadata(_target(name), version))


@blueprint.get("/models/<name>/config")
@blueprint.get("/models/<name>/versions/<version>/config")
def config(name: str, version: str = "") -> flask.Response:
    return _json(described.config(_target(name), version))


@blueprint.get("/models/<name>/ready")
@blueprint.get("/models/<name>/versions/<version>/ready")
def model_ready(name: str, version: str = "") -> flask.Response:
    is_ready = described.is_ready(_target(name), version)
    return _json({"name": name, "ready": is_ready}, 200 if is_ready else 503)


@blueprint.get("/models/stats")
def all_statistics() -> flask.Response:
    return _json(statistics.of_all(current_gateway()))


@blueprint.get("/models/<name>/stats")
@blueprint.get("/models/<name>/versions/<version>/stats")
def model_statistics(name: str, version: str = "") -> flask.Response:
    return _json(statistics.of_one(_target(name), version))


@blueprint.post("/repository/index")
@blueprint.post("/repository/<repository>/index")
def index(repository: str = "") -> flask.Response:
    ready_only = bool(_small_body().get("ready", False))
    return _json(repositories.index(current_gateway(), ready_only=ready_only))


@blueprint.post("/repository/models/<name>/<any(load, unload):change>")
@blueprint.post("/repository/<repository>/models/<name>/<any(load, unload):change>")
def change_model(name: str, change: str, repository: str = "") -> flask.Response:
    parameters = _small_body().get("parameters") or {}
    if not isinstance(parameters, dict):
        raise InvalidInputError(f"parameters must be a JSON object, not {shown(parameters)}")
    repositories.CHANGES[change](current_gateway(), name, parameters)
    return _json({})


def answer(exchange: Exchange, path: ModelPath) -> Handler[Response]:
    """Admit, translate, dispatch, translate back."""
    context = over_http.announced(exchange, path.name)
    target = targets.find(exchange.gateway, path.name)
    read = partial(_read_request, exchange)
    inference = yield from models.infer(target, path.detail, context, read)
    response = _reply(path.name, inference)
    return response if inference.reply is None else over_http.with_headers(response, inference.reply)


@blueprint.route("/<path:rest>", methods=["GET", "POST"])
def nothing(rest: str) -> flask.Response:
    for part in rest.split("/"):
        if part in _NOT_OFFERED:
            raise NotFound(f"{_NOT_OFFERED[part]}; see doc/triton.md")
    raise NotFound(f"there is nothing at /v2/{rest}; see doc/triton.md")


def _read_request(exchange: Exchange, structure: JSONBudget) -> InferRequest:
    """Read the body; its values are counted before they are parsed.

    Raises:
        NotJSONError, InvalidInputError, and what reading a body raises.
    """
    data = over_http.read_body(exchange)
    length = exchange.request.header(HEADER_LENGTH)
    if length is not None and not (length.isdecimal() and int(length) <= len(data)):
        raise InvalidInputError(f"{HEADER_LENGTH} {length!r}: the body has {len(data)} bytes")
    end = len(data) if length is None else int(length)
    head = data[:end] if length else data
    return infer_body.read(head, memoryview(data)[end:], structure)


def _reply(name: str, inference: Inference) -> Response:
    asked = inference.request
    is_binary = bool(asked.parameters.get("binary_data_output", False))
    outputs: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for tensor in inference.tensors:
        fields: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
        if asked.binary.get(tensor.name, is_binary):
            blobs.append(tensor.raw())
            fields["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            fields["data"] = tensor.json_values()
        outputs.append(fields)
    whole: dict[str, Any] = {"model_name": name, "model_version": inference.version}
    if asked.id:
        whole["id"] = asked.id
    if inference.parameters:
        whole["parameters"] = inference.parameters
    head = envelope.dumps({**whole, "outputs": outputs})
    if not blobs:
        return Response(head)
    headers = [(HEADER_LENGTH, str(len(head)))]
    return Response(b"".join((head, *blobs)), 200, "application/octet-stream", headers)


def _small_body() -> dict[str, Any]:
    """Return the JSON object of a repository call; empty where none was sent."""
    data = over_http.read_body(current_exchange(), SMALL_BODY)
    return parse_object(data, current_gateway().limits) if data else {}


def _target(name: str) -> Target:
    return targets.find(current_gateway(), name)


def _json(value: Any, code: int = 200) -> flask.Response:
    return json_reply(envelope.dumps(value), code)
