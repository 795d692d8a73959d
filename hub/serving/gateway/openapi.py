"""The OpenAPI 3.1 document of a server: what each of its modules takes, answers and refuses.

Made from the modules' manifests in state.json on every request, so it never tells of a module that is gone.
``openapi.json`` beside this file has the document with all that is the same for every module: ``NAME`` and
``ENDPOINT`` stand for a module and for a pipeline's endpoint. Pure: state and settings in, a JSON object out.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from hub import envelope
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway import argument_schema, openapi_jobs, page_pictures
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import ModuleState, ServerState
from hub.version import __version__

Json = dict[str, Any]
_TEMPLATE: Final = Path(__file__).with_name("openapi.json")


def document(state: ServerState, config: ServingConfig) -> Json:
    """Return the whole document."""
    whole = _template("document")
    whole["info"]["version"] = __version__
    success = envelope.SUCCESS_STATUS[config.status_style]
    whole["info"]["description"] = whole["info"]["description"].format(success=success)
    whole["tags"] = [_tag(name, module) for name, module in state.modules.items()] + whole["tags"]
    paths: Json = {}
    for name, module in state.modules.items():
        for path, called in _methods(name, module, "/"):
            paths |= _predict_paths(path, called, config)
    for name, module in state.modules.items():
        for model, called in _methods(name, module, "."):
            paths |= _model_paths(model, called, config)
    for endpoint, name in state.endpoints.items():
        paths |= _endpoint_paths(endpoint, name, state.modules[name].manifest)
    whole["paths"] = paths
    openapi_jobs.add(whole)
    whole["paths"] |= _template("server")
    if not config.ui:
        del whole["paths"][page_pictures.PATH]
    if config.api_key_file is None:
        _remove_keys(whole)
    return whole


@cache
def _text() -> dict[str, str]:
    parts = json.loads(_TEMPLATE.read_bytes())
    return {name: json.dumps(part, ensure_ascii=False) for name, part in parts.items()}


def _template(part: str, **values: str) -> Json:
    """Return a part of the template of our own, with the words in capitals replaced."""
    text = _text()[part]
    for word, value in values.items():
        text = text.replace(word, json.dumps(value, ensure_ascii=False)[1:-1])
    found: Json = json.loads(text)
    return found


def _remove_keys(whole: Json) -> None:
    """Make it the document of a server that needs no API key."""
    del whole["security"], whole["components"]["securitySchemes"]
    for path in whole["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
            operation["responses"].pop("401", None)


def _tag(name: str, module: ModuleState) -> Json:
    return {"name": name, "description": module.manifest.summary or f"version {module.version}"}


def _methods(name: str, module: ModuleState, separator: str) -> list[tuple[str, ModuleState]]:
    """Return the module and each of its other methods, by the name that has the separator in it."""
    methods, others = module.manifest.methods, module.manifest.others
    return [
        (name, module),
        *((f"{name}{separator}{method}", replace(module, manifest=methods[method])) for method in others),
    ]


def _predict_paths(name: str, module: ModuleState, config: ServingConfig) -> Json:
    """Return the path of a module or method in PaddleHub's protocol."""
    paths, manifest = _template("predict", NAME=name), argument_schema.offered(module, config)
    predict = paths[f"/predict/{name}"]["post"]
    predict["operationId"], predict["tags"] = f"predict_{name.replace('/', '.')}", [module.name]
    predict["summary"] = argument_schema.summary(manifest.doc) or f"Call {name}."
    predict["description"] = _describe_operation(module)
    predict["requestBody"] = {"required": True, "content": _request_content(manifest)}
    answered = predict["responses"]["200"]
    _describe_envelope(answered["content"]["application/json"], manifest, config)
    if config.status_style == "2.x":  # a module that is not there comes with 200; so do PaddleHub's errors
        del predict["responses"]["404"]
    if manifest.streams:
        _describe_stream(answered, manifest, config)
    return paths


def _describe_envelope(content: Json, manifest: Manifest, config: ServingConfig) -> None:
    properties = content["schema"]["properties"]
    properties["results"] = argument_schema.returned(manifest) | properties["results"]
    properties["status"] = {"const": envelope.SUCCESS_STATUS[config.status_style]}
    if config.status_style == "2.x":
        content["schema"] = {"anyOf": [content["schema"], {"$ref": "#/components/schemas/Error"}]}


def _describe_stream(answered: Json, manifest: Manifest, config: ServingConfig) -> None:
    """Describe items instead of an envelope; with style 2.x an error before the first still has one."""
    content = _template("stream")
    item = argument_schema.returned(manifest)
    lines = content["application/x-ndjson"]["schema"]
    lines["anyOf"] = [{"title": "An item", **item}, {"$ref": "#/components/schemas/StreamEnd"}]
    if config.status_style == "2.x":
        content["application/json"] = {"schema": {"$ref": "#/components/schemas/Error"}}
    answered["content"] = content
    del answered["headers"]["Server-Timing"]


def _model_paths(name: str, module: ModuleState, config: ServingConfig) -> Json:
    """Return the paths of a module or method in the Open Inference Protocol."""
    paths = _template("model", NAME=name)
    if module.manifest.streams:
        infer = paths[f"/v2/models/{name}/infer"]["post"]
        infer["summary"] = f"Not offered: {name} answers with a stream, at its route below /predict."
        infer["responses"] = {"501": {"$ref": "#/components/responses/501"}}
        return paths
    arguments = argument_schema.example(argument_schema.offered(module, config))
    if arguments is not None:
        body = envelope.dumps(arguments).decode()
        tensor = {"name": "input", "datatype": "BYTES", "shape": [1], "data": [body]}
        infer = paths[f"/v2/models/{name}/infer"]["post"]["requestBody"]["content"]
        infer["application/json"]["example"] = {"inputs": [tensor]}
    return paths


def _endpoint_paths(endpoint: str, name: str, manifest: Manifest) -> Json:
    """Return the path of a pipeline's endpoint."""
    paths = _template("endpoint", ENDPOINT=endpoint)
    operation = paths[f"/{endpoint}"]["post"]
    operation["tags"] = [name]
    file: Json = {"type": "string", "description": "A file in base64, or its URL.", "x-file": True}
    schema: Json = {"type": "object", **manifest.endpoint_schemas.get(endpoint, {})}
    properties: Json = schema.get("properties", {})
    files = {field: {**file, **properties.get(field, {})} for field in manifest.endpoints[endpoint]}
    schema["properties"] = {**properties, **files}
    operation["requestBody"]["content"]["application/json"]["schema"] = schema
    return paths


def _describe_operation(module: ModuleState) -> str:
    about = f"Version {module.version}, {module.state}" + (f": {module.reason}" if module.reason else "")
    doc = module.manifest.doc
    return f"{about}.\n\n```text\n{doc}\n```" if doc else f"{about}."


def _request_content(manifest: Manifest) -> Json:
    schema: Json = {
        "type": "object",
        "properties": argument_schema.properties(manifest),
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
