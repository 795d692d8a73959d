"""The part of the OpenAPI document that is about pipelines: their endpoints, and ``/health``."""

from __future__ import annotations

from typing import Any

from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import openapi
from hub.serving.messages.state import ModuleState, ServerState

Json = dict[str, Any]

_ERROR: Json = {
    "type": "object",
    "properties": {
        "logId": {"type": "string"},
        "errorCode": {"type": "integer", "description": "The HTTP status."},
        "errorMsg": {"type": "string", "description": "The problem."},
    },
    "required": ["logId", "errorCode", "errorMsg"],
}
_WRONG = "Not a JSON object, a field that is missing or wrong, or a file that cannot be read."


def describe(state: ServerState, config: ServingConfig) -> Json:
    """Return the paths of every endpoint that is declared at this moment."""
    paths: Json = {"/health": {"get": _health(config)}}
    for endpoint, name in state.endpoints.items():
        paths[f"/{endpoint}"] = {"post": _operation(endpoint, name, state.modules[name], config)}
    return paths


def _operation(endpoint: str, name: str, module: ModuleState, config: ServingConfig) -> Json:
    manifest = module.manifest
    files = manifest.endpoints[endpoint]
    schema = manifest.endpoint_schemas.get(endpoint) or {
        "type": "object",
        "properties": {
            file: {"type": "string", "description": "A file in base64, or its URL."} for file in files
        },
    }
    return {
        "operationId": f"endpoint_{endpoint}",
        "tags": [name],
        "summary": f"Call the pipeline {endpoint}.",
        "description": f"In the form of PaddleX's serving. The same as the model `{endpoint}` of /v2, where "
        "the body is the one element of the BYTES tensor `input` and the reply that of `output`.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": _answer("The pipeline's reply.", {"type": "object"}),
            "422": _answer(_WRONG, _ERROR),
            **{
                str(code): _answer(text, _ERROR)
                for code, text in openapi.ERRORS.items()
                if code not in ({400} if config.api_key_file else {400, 401})
            },
        },
    }


def _health(config: ServingConfig) -> Json:
    text = "Every module has a warm runner."
    return {
        "operationId": "health",
        "tags": ["server"],
        "summary": text,
        "responses": {"200": _answer(text, _ERROR), "503": _answer("Not yet, or no longer.", _ERROR)},
        **({"security": []} if config.api_key_file else {}),
    }


def _answer(text: str, schema: Json) -> Json:
    return {"description": text, "content": {"application/json": {"schema": schema}}}
