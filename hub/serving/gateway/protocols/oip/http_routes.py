"""The Open Inference Protocol v2 over HTTP: ``/v2/…``, with the binary-data extension.

Errors are ``{"error": "…"}`` with the HTTP code that they have everywhere. A request with binary tensors has
its JSON first and that JSON's length in the header ``Inference-Header-Content-Length``; so has a reply.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hub import envelope
from hub.errors import InvalidInputError, MediaTypeError
from hub.serving.gateway import error_responses, targets
from hub.serving.gateway.body import parse_counted, parse_object
from hub.serving.gateway.context import current_gateway
from hub.serving.gateway.error_responses import Failure, json_reply
from hub.serving.gateway.json_structure import JSONBudget
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.protocols.oip import metadata as described
from hub.serving.gateway.protocols.oip import models, tensors
from hub.serving.gateway.protocols.oip import repository as repositories
from hub.serving.gateway.protocols.oip.models import Inference, InferRequest
from hub.serving.gateway.protocols.oip.tensors import Tensor
from hub.serving.gateway.targets import Target

blueprint = Blueprint("oip", __name__, url_prefix="/v2")
HEADER_LENGTH = "Inference-Header-Content-Length"


@blueprint.errorhandler(Exception)
def failed(problem: Exception) -> Response:
    """Write an error in the protocol's form."""
    return error_responses.respond(problem, _error_form)


def _error_form(failure: Failure) -> tuple[bytes, int]:
    return envelope.dumps({"error": failure.message}), failure.code


@blueprint.get("")
@blueprint.get("/")
def server() -> Response:
    return _json(described.server())


@blueprint.get("/health/live")
def live() -> Response:
    return _json({"live": True})


@blueprint.get("/health/ready")
def ready() -> Response:
    """Return 200 when every module has a warm runner, else 503."""
    state = current_gateway().states.current()
    return _json({"ready": state.ready}, 200 if state.ready else 503)


@blueprint.get("/models/<name>")
@blueprint.get("/models/<name>/versions/<version>")
def metadata(name: str, version: str = "") -> Response:
    return _json(described.metadata(_target(name), version))


@blueprint.get("/models/<name>/config")
@blueprint.get("/models/<name>/versions/<version>/config")
def config(name: str, version: str = "") -> Response:
    return _json(described.config(_target(name), version))


@blueprint.get("/models/<name>/ready")
@blueprint.get("/models/<name>/versions/<version>/ready")
def model_ready(name: str, version: str = "") -> Response:
    is_ready = described.is_ready(_target(name), version)
    return _json({"name": name, "ready": is_ready}, 200 if is_ready else 503)


@blueprint.post("/repository/index")
@blueprint.post("/repository/<repository>/index")
def index(repository: str = "") -> Response:
    ready_only = bool(_small_body().get("ready", False))
    return _json(repositories.index(current_gateway(), ready_only=ready_only))


@blueprint.post("/repository/models/<name>/<any(load, unload):change>")
@blueprint.post("/repository/<repository>/models/<name>/<any(load, unload):change>")
def change_model(name: str, change: str, repository: str = "") -> Response:
    parameters = _small_body().get("parameters") or {}
    if not isinstance(parameters, dict):
        raise InvalidInputError(f"parameters must be a JSON object, not {type(parameters).__name__}")
    repositories.CHANGES[change](current_gateway(), name, parameters)
    return _json({})


@blueprint.post("/models/<name>/infer")
@blueprint.post("/models/<name>/versions/<version>/infer")
def infer(name: str, version: str = "") -> Response:
    """Admit, translate, dispatch, translate back."""
    context = over_http.announced(current_gateway(), name)
    inference = models.infer(_target(name), version, context, _read_request)
    response = _reply(name, inference)
    return response if inference.reply is None else over_http.with_headers(response, inference.reply)


@blueprint.route("/<path:rest>", methods=["GET", "POST"])
def nothing(rest: str) -> Response:
    raise NotFound(f"there is nothing at /v2/{rest}; see doc/triton.md")


def _read_request(structure: JSONBudget) -> InferRequest:
    """Read the body; its values are counted before they are parsed.

    Raises:
        NotJSONError, InvalidInputError, MediaTypeError, and what reading a body raises.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise MediaTypeError(f"Content-Encoding {encoding!r} is not read here; send the body as it is")
    data = over_http.read_body()
    length = request.headers.get(HEADER_LENGTH)
    if length is not None and not (length.isdecimal() and int(length) <= len(data)):
        raise InvalidInputError(f"{HEADER_LENGTH} {length!r}: the body has {len(data)} bytes")
    end = len(data) if length is None else int(length)
    head = data[:end] if length else data
    structure.count(head)
    fields = parse_counted(head)
    binary = memoryview(data)[end:]
    try:
        inputs = _tensors(fields.get("inputs"), binary, structure)
        outputs = fields.get("outputs") or []
        names = tuple(str(output["name"]) for output in outputs)
        parameters = fields.get("parameters") or {}
        binary_outputs = {
            output["name"]: bool(output["parameters"]["binary_data"])
            for output in outputs
            if "binary_data" in output.get("parameters", {})
        }
        return InferRequest(inputs, names, dict(parameters), str(fields.get("id") or ""), binary_outputs)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(
            f"this is not an inference request: {type(error).__name__} {error}"
        ) from error


def _tensors(inputs: Any, binary: memoryview, structure: JSONBudget) -> tuple[Tensor, ...]:
    if not isinstance(inputs, list):
        raise InvalidInputError("the request has no list `inputs`")
    found, position = [], 0
    for fields in inputs:
        name, datatype, shape = tensors.check(fields.get("name"), fields.get("datatype"), fields.get("shape"))
        size = (fields.get("parameters") or {}).get("binary_data_size")
        if size is None:
            if "data" not in fields:
                raise InvalidInputError(f"input {name!r} has neither data nor binary_data_size")
            found.append(tensors.from_values(name, datatype, shape, fields["data"]))
            continue
        if type(size) is not int or not 0 <= size <= len(binary) - position:
            raise InvalidInputError(
                f"input {name!r}: binary_data_size {size!r}, but {len(binary) - position} bytes are left"
            )
        structure.spend(tensors.json_values(datatype, shape))
        found.append(tensors.from_raw(name, datatype, shape, binary[position : position + size]))
        position += size
    if position != len(binary):
        raise InvalidInputError(f"{len(binary) - position} bytes follow the last binary tensor")
    return tuple(found)


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
        return json_reply(head, 200)
    response = Response(b"".join((head, *blobs)), mimetype="application/octet-stream")
    response.headers[HEADER_LENGTH] = str(len(head))
    return response


def _small_body() -> dict[str, Any]:
    """Return the JSON object of a repository call; empty where none was sent."""
    data = over_http.read_body()
    return parse_object(data, current_gateway().limits) if data else {}


def _target(name: str) -> Target:
    return targets.find(current_gateway(), name)


def _json(value: Any, code: int = 200) -> Response:
    return json_reply(envelope.dumps(value), code)
