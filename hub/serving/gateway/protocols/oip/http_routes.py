"""The Open Inference Protocol v2 over HTTP: ``/v2/…``, with the binary-data extension.

Errors are ``{"error": "…"}`` with the HTTP code that they have everywhere. A request with binary tensors has
its JSON first and that JSON's length in the header ``Inference-Header-Content-Length``; so has a reply.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from hub import envelope
from hub.errors import InvalidInputError, MediaTypeError, NotJSONError
from hub.serving.gateway import error_responses, guards, handling
from hub.serving.gateway.context import Gateway, gateway
from hub.serving.gateway.handling import Incoming
from hub.serving.gateway.protocols import over_http
from hub.serving.gateway.protocols.oip import (
    metadata as oip_describe,
)
from hub.serving.gateway.protocols.oip import (
    models,
)
from hub.serving.gateway.protocols.oip import (
    repository as oip_repository,
)
from hub.serving.gateway.protocols.oip import (
    tensors as oip_tensors,
)
from hub.serving.gateway.protocols.oip.models import InferRequest
from hub.serving.gateway.protocols.oip.tensors import Tensor

blueprint = Blueprint("oip", __name__, url_prefix="/v2")
HEADER_LENGTH = "Inference-Header-Content-Length"

error_responses.register_error_form(
    "v2".__eq__, lambda message, _, code: (envelope.dumps({"error": message}), code)
)


@blueprint.get("")
@blueprint.get("/")
def server() -> Response:
    return _json(oip_describe.server())


@blueprint.get("/health/live")
def live() -> Response:
    return _json({"live": True})


@blueprint.get("/health/ready")
def ready() -> Response:
    """200 when every module has a warm runner, else 503."""
    state = gateway().states.current()
    return _json({"ready": state.ready}, 200 if state.ready else 503)


@blueprint.get("/models/<name>")
@blueprint.get("/models/<name>/versions/<version>")
def metadata(name: str, version: str = "") -> Response:
    return _json(oip_describe.metadata(gateway(), name, version))


@blueprint.get("/models/<name>/config")
@blueprint.get("/models/<name>/versions/<version>/config")
def config(name: str, version: str = "") -> Response:
    return _json(oip_describe.config(gateway(), name, version))


@blueprint.get("/models/<name>/ready")
@blueprint.get("/models/<name>/versions/<version>/ready")
def model_ready(name: str, version: str = "") -> Response:
    is_ready = oip_describe.is_ready(gateway(), name, version)
    return _json({"name": name, "ready": is_ready}, 200 if is_ready else 503)


@blueprint.post("/repository/index")
@blueprint.post("/repository/<repository>/index")
def index(repository: str = "") -> Response:
    ready_only = bool(_small_body().get("ready", False))
    return _json(oip_repository.index(gateway(), ready_only=ready_only))


@blueprint.post("/repository/models/<name>/load")
@blueprint.post("/repository/<repository>/models/<name>/load")
def load(name: str, repository: str = "") -> Response:
    oip_repository.load(gateway(), name, _small_body().get("parameters", {}))
    return _json({})


@blueprint.post("/repository/models/<name>/unload")
@blueprint.post("/repository/<repository>/models/<name>/unload")
def unload(name: str, repository: str = "") -> Response:
    oip_repository.unload(gateway(), name, _small_body().get("parameters", {}))
    return _json({})


@blueprint.post("/models/<name>/infer")
@blueprint.post("/models/<name>/versions/<version>/infer")
def infer(name: str, version: str = "") -> Response:
    """Guard, translate, dispatch, translate back."""
    this = gateway()
    incoming = over_http.incoming(this, name)
    endpoint = this.endpoints.get(name)
    if endpoint is not None:
        found = models.ENDPOINT_VERSION
        models.check_version(name, found, version)
        with handling.held(this, name, incoming):
            asked, wanted = _read_request(this)
            tensors = models.ask_endpoint(this, endpoint, name, asked, _shortened(incoming, asked))
        return _reply(name, found, asked, wanted, tensors, {})
    with handling.admitted(this, name, incoming) as module:
        models.check_version(name, module.version, version)
        asked, wanted = _read_request(this)
        incoming = _shortened(incoming, asked)
        reply = handling.dispatch(this, module, incoming, models.to_body(asked, module, this.limits))
        tensors = models.to_tensors(asked, module, reply, this.config.status_style)
    response = _reply(name, module.version, asked, wanted, tensors, models.message(reply))
    over_http.tell_how_it_went(response, reply)
    return response


@blueprint.route("/<path:rest>", methods=["GET", "POST"])
def nothing(rest: str) -> Response:
    raise NotFound(f"there is nothing at /v2/{rest}; see doc/triton.md")


class _Wanted:
    """Which outputs the caller wants in binary form."""

    def __init__(self, parameters: Any, outputs: Any) -> None:
        self._all = bool(parameters.get("binary_data_output", False))
        self._named = {
            output["name"]: bool(output["parameters"]["binary_data"])
            for output in outputs
            if "binary_data" in output.get("parameters", {})
        }

    def __call__(self, name: str) -> bool:
        return self._named.get(name, self._all)


def _read_request(this: Gateway) -> tuple[InferRequest, _Wanted]:
    """Raises NotJSONError, InvalidInputError, MediaTypeError, and what reading a body raises."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise MediaTypeError(f"Content-Encoding {encoding!r} is not read here; send the body as it is")
    data = over_http.read_body(this)
    length = request.headers.get(HEADER_LENGTH)
    if length is not None and not (length.isdecimal() and int(length) <= len(data)):
        raise InvalidInputError(f"{HEADER_LENGTH} {length!r}: the body has {len(data)} bytes")
    end = len(data) if length is None else int(length)
    fields = _parse_object(data[:end] if length else data)
    binary = memoryview(data)[end:]
    try:
        tensors = _tensors(fields.get("inputs"), binary)
        outputs = fields.get("outputs") or []
        names = tuple(str(output["name"]) for output in outputs)
        parameters = fields.get("parameters") or {}
        asked = InferRequest(tensors, names, dict(parameters), str(fields.get("id") or ""))
        return asked, _Wanted(parameters, outputs)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"this is no inference request: {type(error).__name__} {error}") from error


def _tensors(inputs: Any, binary: memoryview) -> tuple[Tensor, ...]:
    if not isinstance(inputs, list):
        raise InvalidInputError("the request has no list `inputs`")
    found, position = [], 0
    for fields in inputs:
        name, datatype, shape = oip_tensors.check(
            fields.get("name"), fields.get("datatype"), fields.get("shape")
        )
        size = (fields.get("parameters") or {}).get("binary_data_size")
        if size is None:
            if "data" not in fields:
                raise InvalidInputError(f"input {name!r} has neither data nor binary_data_size")
            found.append(oip_tensors.from_values(name, datatype, shape, fields["data"]))
            continue
        if type(size) is not int or not 0 <= size <= len(binary) - position:
            raise InvalidInputError(
                f"input {name!r}: binary_data_size {size!r}, but {len(binary) - position} bytes are left"
            )
        found.append(oip_tensors.from_raw(name, datatype, shape, binary[position : position + size]))
        position += size
    if position != len(binary):
        raise InvalidInputError(f"{len(binary) - position} bytes follow the last binary tensor")
    return tuple(found)


def _reply(
    name: str,
    version: str,
    asked: InferRequest,
    wanted: _Wanted,
    tensors: list[Tensor],
    parameters: dict[str, str],
) -> Response:
    outputs: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for tensor in tensors:
        fields: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
        if wanted(tensor.name):
            blobs.append(tensor.raw())
            fields["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            fields["data"] = tensor.json_values()
        outputs.append(fields)
    whole: dict[str, Any] = {"model_name": name, "model_version": version}
    if asked.id:
        whole["id"] = asked.id
    if parameters:
        whole["parameters"] = parameters
    head = envelope.dumps({**whole, "outputs": outputs})
    if not blobs:
        return error_responses.json_reply(head, 200)
    response = Response(b"".join((head, *blobs)), mimetype="application/octet-stream")
    response.headers[HEADER_LENGTH] = str(len(head))
    return response


def _shortened(incoming: Incoming, asked: InferRequest) -> Incoming:
    """With the timeout that the request itself names, if it is the shorter one."""
    limits = [seconds for seconds in (incoming.timeout, asked.timeout) if seconds is not None]
    return dataclasses.replace(incoming, timeout=min(limits)) if limits else incoming


def _small_body() -> dict[str, Any]:
    """The JSON object of a repository call; empty where none was sent."""
    guards.declared_length(request.headers, gateway().limits)
    data = over_http.read_body(gateway())
    return _parse_object(data) if data else {}


def _parse_object(data: bytes) -> dict[str, Any]:
    try:
        fields = envelope.loads(data)
    except ValueError as error:
        raise NotJSONError(f"the body is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise NotJSONError(f"the body must be a JSON object, not {type(fields).__name__}")
    return fields


def _json(value: Any, code: int = 200) -> Response:
    return error_responses.json_reply(envelope.dumps(value), code)
