"""The part of the OpenAPI document about jobs: ``openapi_jobs.json``, with ``NAME`` for what a job calls."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]
_TEMPLATE: Final = Path(__file__).with_name("openapi_jobs.json")


@cache
def _parts() -> Json:
    found: Json = json.loads(_TEMPLATE.read_bytes())
    return found


def add(document: Json) -> None:
    """Add the routes of jobs to a document, one to submit for each route that calls a module or pipeline."""
    parts = copy.deepcopy(_parts())
    for kind, named in parts["components"].items():
        document["components"][kind].update(named)
    document["tags"].append({"name": "jobs", "description": "Long documents, in the background."})
    submits: Json = {}
    for path, operations in document["paths"].items():
        called = operations.get("post", {})
        name = _name(path, called)
        if name:
            submits |= _submit(name, path, called)
    document["paths"] |= submits | parts["jobs"]


def _name(path: str, operation: Json) -> str:
    """Return what a path is called as a job; "" for one that calls nothing."""
    if path.startswith("/predict/"):
        return path.removeprefix("/predict/")
    return path[1:] if operation.get("operationId", "").startswith("endpoint_") else ""


def _submit(name: str, path: str, called: Json) -> Json:
    text = json.dumps(_parts()["submit"])
    for word, value in (("NAME", name), ("PATH", path)):
        text = text.replace(word, json.dumps(value)[1:-1])
    found: Json = json.loads(text)
    operation = found[f"/jobs/{name}"]["post"]
    operation["operationId"] = f"submit_{name.replace('/', '.')}"
    content = copy.deepcopy(called["requestBody"]["content"])
    content["application/json"].pop("example", None)
    operation["requestBody"]["content"] = content
    return found
