"""The OpenAPI 3.1 document of a server: what each of its modules takes, answers and refuses.

Made from the modules' manifests in state.json on every request, so it never tells of a module that is gone.
Pure: state and settings in, a JSON object out. Another wire format adds its paths as a ``Describe`` function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hub import envelope
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import argument_schema
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import ModuleState, ServerState
from hub.version import __version__

Json = dict[str, Any]
#: The paths that a wire format adds: OpenAPI's ``paths`` object.
Describe = Callable[[ServerState, ServingConfig], Json]

#: Every HTTP code by which a prediction is refused, and what for; hub/errors.py has the classes.
ERRORS: dict[int, str] = {
    400: "Not JSON or not an object (status 112); an unknown or missing argument, an image that is not "
    "base64, a path on the server, or input that the module refuses (status 101).",
    401: "No API key, or a wrong one.",
    404: "The module is not served (status 111).",
    408: "The body stopped arriving.",
    413: "The body, an image, or the number of images is larger than allowed.",
    415: "The content type is not read here.",
    500: "The module raised, or the request killed its process twice.",
    502: "The module's process died, and the module may not be run twice.",
    503: "The queue is full, or the module is loading or has failed; Retry-After says when to come back.",
    504: "The deadline passed.",
}

_DESCRIPTION = """\
Every answer to a prediction is one JSON object: `results` is what the module gave, `msg` remarks or what was
wrong, `status` `"{success}"` for success, `"111"` for a module that is not served, `"112"` for a body that
is not JSON and `"101"` for any other error. `X-Request-ID` names the request in the server's log.

Malformed HTTP requests get the same kind of error reply (400, 414, 417, 431, 501)."""


def document(state: ServerState, config: ServingConfig, others: Iterable[Describe] = ()) -> Json:
    """Return the whole document."""
    paths: Json = {}
    for name, module in state.modules.items():
        paths[f"/predict/{name}"] = {"post": _prediction(name, module, config)}
    for describe in others:
        paths.update(describe(state, config))
    paths.update(_server_paths(config))
    result: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "HubServing",
            "version": __version__,
            "description": _DESCRIPTION.format(success=envelope.SUCCESS_STATUS[config.status_style]),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [*_module_tags(state), {"name": "server", "description": "Health, metrics, what is served."}],
        "paths": paths,
        "components": _components(config),
    }
    if config.api_key_file is not None:
        result["security"] = [{"bearer": []}, {"header": []}]
    return result


def _module_tags(state: ServerState) -> list[Json]:
    return [
        {"name": name, "description": module.manifest.summary or f"version {module.version}"}
        for name, module in state.modules.items()
    ]


def _prediction(name: str, module: ModuleState, config: ServingConfig) -> Json:
    manifest = argument_schema.offered(module.manifest, allow_server_paths=config.allow_server_paths)
    doc = manifest.doc
    operation: Json = {
        "operationId": f"predict_{name}",
        "tags": [name],
        "summary": argument_schema.summary(doc) or f"Call {name}.",
        "description": _describe_operation(module, doc),
        "parameters": [
            {"$ref": f"#/components/parameters/{header}"}
            for header in ("RequestID", "RequestTimeout", "Strict")
        ],
        "requestBody": {"required": True, "content": _request_content(manifest)},
        "responses": {"200": _success(manifest, config), **error_responses(config)},
    }
    return operation


def _describe_operation(module: ModuleState, doc: str) -> str:
    about = f"Version {module.version}, {module.state}" + (f": {module.reason}" if module.reason else "")
    return f"{about}.\n\n```text\n{doc}\n```" if doc else f"{about}."


def _request_content(manifest: Manifest) -> Json:
    properties = argument_schema.properties(manifest)
    schema: Json = {
        "type": "object",
        "properties": properties,
        "required": [parameter.name for parameter in manifest.parameters if parameter.required],
        "additionalProperties": manifest.takes_any,
    }
    as_json: Json = {"schema": schema}
    example = argument_schema.example(manifest)
    if example is not None:
        as_json["example"] = example
    content: Json = {"application/json": as_json}
    if argument_schema.takes_files(manifest):
        content["multipart/form-data"] = {"schema": _form_schema(schema, manifest)}
        content["image/*"] = {"schema": {"description": "One image file as the whole body."}}
    return content


def _form_schema(schema: Json, manifest: Manifest) -> Json:
    """Describe the same arguments as files and fields; a field's text is JSON where it is some."""
    fields: Json = {}
    for name, described in schema["properties"].items():
        if argument_schema.is_image(name, manifest):
            file = {"type": "string", "format": "binary", "contentMediaType": "image/*"}
            fields[name] = {"type": "array", "items": file} if described.get("type") == "array" else file
        else:
            fields[name] = described
    return {**schema, "properties": fields}


def _success(manifest: Manifest, config: ServingConfig) -> Json:
    returned = argument_schema.of_annotation(manifest.returns)
    schema: Json = {
        "type": "object",
        "properties": {
            "msg": {"type": "string", "description": "Remarks, such as an image that could not be read."},
            "results": {**returned, "description": "The module's results."},
            "status": {"const": envelope.SUCCESS_STATUS[config.status_style]},
        },
        "required": ["msg", "results", "status"],
        "additionalProperties": False,
    }
    if config.status_style == "2.x":
        schema = {"anyOf": [schema, {"$ref": "#/components/schemas/Error"}]}
    return {
        "description": "The module's results.",
        "headers": {
            "X-Request-ID": {"$ref": "#/components/headers/RequestID"},
            "Server-Timing": {"$ref": "#/components/headers/ServerTiming"},
        },
        "content": {"application/json": {"schema": schema}},
    }


def error_responses(config: ServingConfig) -> Json:
    """Return the ``responses`` of a prediction but for success; other protocols use them too."""
    left_out = set() if config.api_key_file else {401}
    if config.status_style == "2.x":
        left_out.add(404)  # comes with 200; 400 and 500 remain, for what PaddleHub had no status for
    return {str(code): {"$ref": f"#/components/responses/{code}"} for code in ERRORS if code not in left_out}


def _components(config: ServingConfig) -> Json:
    error: Json = {
        "type": "object",
        "properties": {
            "msg": {"type": "string", "description": "The problem, and what to do."},
            "results": {"const": ""},
            "status": {"enum": ["101", "111", "112"]},
        },
        "required": ["msg", "results", "status"],
        "additionalProperties": False,
    }
    components: Json = {
        "schemas": {"Error": error},
        "responses": {str(code): _error_response(code, text) for code, text in ERRORS.items()},
        "headers": {
            "RequestID": {
                "description": "Names the request in the server's log.",
                "schema": {"type": "string"},
            },
            "ServerTiming": {
                "description": "Milliseconds waiting in the queue, for a batch, and in the module.",
                "schema": {"type": "string"},
            },
        },
        "parameters": {
            "RequestID": _header(
                "X-Request-ID", "Kept and returned; made where it is absent.", type="string"
            ),
            "RequestTimeout": _header(
                "X-Request-Timeout",
                "Seconds until 504; can only shorten the module's timeout.",
                type="number",
                exclusiveMinimum=0,
            ),
            "Strict": _header(
                "X-Hub-Strict", "1: an image that cannot be read is an error.", enum=["0", "1"]
            ),
        },
    }
    if config.api_key_file is not None:
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
    return components


def _error_response(code: int, text: str) -> Json:
    headers: Json = {
        "X-Request-ID": {"$ref": "#/components/headers/RequestID"},
        "X-Hub-Error": {"description": "Name of the error's class.", "schema": {"type": "string"}},
    }
    if code == 503:
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
    if code == 401:
        headers["WWW-Authenticate"] = {"schema": {"const": "Bearer"}}
    return {
        "description": text,
        "headers": headers,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }


def _header(name: str, text: str, **schema: Any) -> Json:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": schema}


def _server_paths(config: ServingConfig) -> Json:
    state = {"enum": ["LOADING", "READY", "FAILED"]}
    module = {
        "type": "object",
        "properties": {"state": state, "reason": {"type": "string"}},
        "required": ["state"],
    }
    readiness = {
        "type": "object",
        "properties": {
            "ready": {"type": "boolean"},
            "modules": {"type": "object", "additionalProperties": module},
        },
        "required": ["ready", "modules"],
    }
    live = {"type": "object", "properties": {"live": {"const": True}}, "required": ["live"]}
    listing = {
        "type": "object",
        "properties": {
            "server": {"type": "object"},
            "modules": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["server", "modules"],
    }
    ready = _get("ready", "Ready when every module has a warm runner.", _json(readiness))
    ready["responses"]["503"] = {"description": "A module is loading or has failed.", **_json(readiness)}
    without_key: Json = {"security": []} if config.api_key_file else {}
    metrics = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    with_key = {"401": {"$ref": "#/components/responses/401"}} if config.api_key_file else {}
    paths: Json = {
        "/health/live": {"get": {**_get("live", "The gateway answers.", _json(live)), **without_key}},
        "/health/ready": {"get": {**ready, **without_key}},
        "/metrics": {"get": _get("metrics", "Figures for Prometheus.", metrics, with_key)},
        "/api/modules": {
            "get": _get(
                "modules", "The modules with their state, arguments and an example.", _json(listing), with_key
            )
        },
        "/openapi.json": {"get": _get("openapi", "This document.", _json({"type": "object"}), with_key)},
    }
    return paths


def _get(operation: str, text: str, content: Json, errors: Json | None = None) -> Json:
    return {
        "operationId": operation,
        "tags": ["server"],
        "summary": text,
        "responses": {"200": {"description": text, **content}, **(errors or {})},
    }


def _json(schema: Json) -> Json:
    return {"content": {"application/json": {"schema": schema}}}
