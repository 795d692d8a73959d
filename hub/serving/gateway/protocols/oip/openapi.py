"""The part of the OpenAPI document that is about the Open Inference Protocol: ``/v2/…``."""

from __future__ import annotations

from typing import Any

from hub import envelope
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import argument_schema, openapi
from hub.serving.gateway.protocols.oip.tensors import BYTES, NUMERIC
from hub.serving.messages.state import ModuleState, ServerState

Json = dict[str, Any]

_TAG = "Open Inference Protocol"
_ERROR: Json = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
_TENSOR: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "datatype": {"enum": [BYTES, *NUMERIC]},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "data": {"type": "array"},
        "parameters": {"type": "object"},
    },
    "required": ["name", "datatype", "shape"],
}


def describe(state: ServerState, config: ServingConfig) -> Json:
    """Return the paths of the server and of each module. The repository calls are in doc/triton.md."""
    errors = _errors(config)
    ready = _object(ready={"type": "boolean"})
    key: Json = {code: errors[code] for code in ("401",) if code in errors}
    paths: Json = {
        "/v2": {"get": _get("v2_server", "Name, version and extensions.", _any_object("name"), key)},
        "/v2/health/live": {
            "get": _open(_get("v2_live", "The gateway answers.", _object(live={"const": True})), config)
        },
        "/v2/health/ready": {
            "get": _open(_get("v2_ready", "Every module has a warm runner.", ready, {"503": ready}), config)
        },
    }
    for name, module in state.modules.items():
        paths |= _model(name, module, config, errors)
    return paths


def _model(name: str, module: ModuleState, config: ServingConfig, errors: Json) -> Json:
    root = f"/v2/models/{name}"
    ready = _object(name={"const": name}, ready={"type": "boolean"})
    whole = _any_object("name")
    refusals: Json = {code: errors[code] for code in ("401", "404", "503") if code in errors}
    return {
        root: {"get": _get(f"v2_metadata_{name}", f"{name}: versions and tensors.", whole, refusals)},
        f"{root}/config": {"get": _get(f"v2_config_{name}", f"{name} in Triton's words.", whole, refusals)},
        f"{root}/ready": {
            "get": _get(f"v2_ready_{name}", f"Whether {name} answers.", ready, {**refusals, "503": ready})
        },
        f"{root}/infer": {"post": _infer(name, module, config, errors)},
    }


def _infer(name: str, module: ModuleState, config: ServingConfig, errors: Json) -> Json:
    request = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": _TENSOR},
            "outputs": {"type": "array", "items": _any_object("name")},
            "parameters": {"type": "object"},
        },
        "required": ["inputs"],
    }
    as_json: Json = {"schema": request}
    offered = argument_schema.offered(module.manifest, allow_server_paths=config.allow_server_paths)
    arguments = argument_schema.example(offered)
    if arguments is not None:
        body = envelope.dumps(arguments).decode()
        tensor = {"name": "input", "datatype": BYTES, "shape": [1], "data": [body]}
        as_json["example"] = {"inputs": [tensor]}
    answer = {
        "type": "object",
        "properties": {
            "model_name": {"const": name},
            "model_version": {"type": "string"},
            "id": {"type": "string"},
            "outputs": {"type": "array", "items": _TENSOR},
        },
        "required": ["model_name", "outputs"],
    }
    binary = {"schema": {"description": "The JSON, then the tensors; Inference-Header-Content-Length long."}}
    return {
        "operationId": f"v2_infer_{name}",
        "tags": [_TAG],
        "summary": f"Call {name}.",
        "description": "One BYTES tensor `input` with the JSON body of /predict, or one tensor per argument.",
        "requestBody": {
            "required": True,
            "content": {"application/json": as_json, "application/octet-stream": binary},
        },
        "responses": {
            "200": {
                "description": "The outputs.",
                "content": {"application/json": {"schema": answer}, "application/octet-stream": binary},
            },
            **errors,
        },
    }


def _errors(config: ServingConfig) -> Json:
    """Return the same codes as everywhere, in this protocol's form."""
    codes = [code for code in openapi.ERRORS if code != 401 or config.api_key_file is not None]
    return {str(code): _answer(openapi.ERRORS[code], _ERROR) for code in codes}


def _get(operation: str, text: str, schema: Json, others: Json | None = None) -> Json:
    answers = {
        code: other if "description" in other else _answer(text, other)
        for code, other in (others or {}).items()
    }
    return {
        "operationId": operation,
        "tags": [_TAG],
        "summary": text,
        "responses": {"200": _answer(text, schema), **answers},
    }


def _open(operation: Json, config: ServingConfig) -> Json:
    """Describe a health check, which needs no key."""
    return {**operation, **({"security": []} if config.api_key_file else {})}


def _answer(text: str, schema: Json) -> Json:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _any_object(*required: str) -> Json:
    return _object(**{name: {"type": "string"} for name in required})


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}
