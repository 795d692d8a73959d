"""A pipeline's endpoints: what its module declares, and what the method that answers at them gives.

    class Receipts(Module):
        endpoints = {"receipts": ("file",)}        # POST /receipts; the body's field `file` holds a file

        @serving
        def call_endpoint(self, endpoint, body):   # body["file"] is bytes, or a str that is a URL
            return {"http_status": 200, "reply": {"logId": "…", "errorCode": 0, "errorMsg": "Success"}}

Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from hub.errors import InvalidModuleError

#: The serving method's parameters.
ENDPOINT: Final = "endpoint"
BODY: Final = "body"
#: First parts of paths that are the server's own.
RESERVED: Final = frozenset(
    ("api", "docs", "get", "gradio", "health", "metrics", "openapi.json", "predict", "ui", "v2")
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


def declared(module: object, accepted: Collection[str]) -> dict[str, list[str]]:
    """Return the endpoints of a loaded module, each with the fields that hold files.

    Args:
        module: the instance; its attribute ``endpoints`` is looked at.
        accepted: the parameters of its serving method.

    Raises:
        InvalidModuleError: a name or a field is none, or the serving method cannot answer there.
    """
    given = getattr(module, "endpoints", None)
    can_answer = {ENDPOINT, BODY} <= set(accepted)
    if not given or not (can_answer or isinstance(given, Mapping)):
        return {}  # PaddleHub's modules may call anything of theirs so
    kind = type(module).__name__
    if not isinstance(given, Mapping):
        raise InvalidModuleError(f"{kind}.endpoints must map names to fields, not be {given!r}")
    for name, fields in given.items():
        if not isinstance(name, str) or not _NAME.match(name) or name in RESERVED:
            raise InvalidModuleError(
                f"{kind}.endpoints: {name!r} cannot be a route; a name has letters, digits, `.`, `_` "
                f"and `-`, and is none of the server's own: {', '.join(sorted(RESERVED))}"
            )
        if isinstance(fields, str) or not all(isinstance(field, str) for field in fields):
            raise InvalidModuleError(f"{kind}.endpoints[{name!r}] must be names of fields, not {fields!r}")
    if not can_answer:
        raise InvalidModuleError(
            f"{kind} declares endpoints, so its @serving method must take `{ENDPOINT}` and `{BODY}`; "
            f"it takes {', '.join(accepted) or 'nothing'}"
        )
    return {name: list(fields) for name, fields in given.items()}


def not_idempotent(module: object, declared: Collection[str]) -> list[str]:
    """Return those endpoints of a loaded module that must not run a request twice: its attribute ``once``.

    Raises:
        InvalidModuleError: one of them is not declared.
    """
    # Without endpoints a module may call anything so, its serving method for one.
    once = getattr(module, "once", ()) if declared else ()
    if isinstance(once, str) or not set(once) <= set(declared):
        raise InvalidModuleError(
            f"{type(module).__name__}.once must be names of its endpoints "
            f"({', '.join(declared)}), not {once!r}"
        )
    return list(once)


def schemas(module: object, declared: Collection[str]) -> dict[str, Any]:
    """Return JSON schemas of the bodies, for the API page: a module's attribute ``endpoint_schemas``.

    Raises:
        InvalidModuleError: one of them is not for an endpoint, or is not an object.
    """
    given = getattr(module, "endpoint_schemas", {}) if declared else {}
    if not isinstance(given, Mapping) or not set(given) <= set(declared):
        raise InvalidModuleError(
            f"{type(module).__name__}.endpoint_schemas must map names of its endpoints "
            f"({', '.join(declared)}) to JSON schemas, not be {given!r}"
        )
    return dict(given)


def arguments(endpoint: str, fields: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what the serving method is called with: the body's fields, files as bytes."""
    return {ENDPOINT: endpoint, BODY: {**fields, **files}}


def take_apart(result: Any) -> tuple[int, Any]:
    """Split what the serving method returned into HTTP status and reply; raises TypeError."""
    if isinstance(result, Mapping) and result.keys() == {"http_status", "reply"}:
        status, reply = result["http_status"], result["reply"]
        if isinstance(status, int) and 200 <= status <= 599 and isinstance(reply, Mapping):
            return status, reply
    raise TypeError(
        'at an endpoint the module must return {"http_status": 200…599, "reply": {…}}, '
        f"not {type(result).__name__}"
    )
