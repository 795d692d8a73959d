"""From a server's OpenAPI document to tools, and from a tool's arguments to a call. Without I/O but files.

A module is a tool of its name, with the schema of its arguments, and each further serving method one called
``<module>-<method>``; a pipeline's endpoints are tools of theirs.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.errors import InvalidInputError

Json = dict[str, Any]

_PREDICT: Final = "/predict/"
#: The document's mark of a value that is a file.
FILE_MARK: Final = "x-file"
_BY_PATH: Final = "The path of a file on this machine, or the file in base64."
_BY_VALUE: Final = "The file in base64."


@dataclass(frozen=True)
class Tool:
    """A module, another method of it, or an endpoint.

    Attributes:
        module: whose ``/predict`` is called.
        method: None for its first.
        endpoint: "" for the module itself.
        schema: the JSON schema of the arguments; what they say of files is already for the tool's callers.
        files: arguments that are files, or lists of them.
    """

    name: str
    description: str
    module: str
    endpoint: str
    schema: Json
    files: tuple[str, ...]
    method: str | None = None

    def call_arguments(self, given: Mapping[str, Any], *, may_read: bool) -> Json:
        """Return the arguments for ``hub.Client``: files as bytes.

        Args:
            given: what the tool's caller sent.
            may_read: a text may be the path of a file here, which is read.

        Raises:
            InvalidInputError: a text is neither the path of a file nor base64.
        """
        arguments = {
            name: _content(value, name, may_read) if name in self.files else value
            for name, value in given.items()
        }
        return {"endpoint": self.endpoint, "body": arguments} if self.endpoint else arguments


def from_document(document: Mapping[str, Any], *, may_read: bool) -> list[Tool]:
    """Return the tools that a server's ``/openapi.json`` tells of, in its order."""
    posts = {path: found["post"] for path, found in document["paths"].items() if "post" in found}
    paths = [path.removeprefix(_PREDICT) for path in posts if path.startswith(_PREDICT)]
    modules = {path for path in paths if "/" not in path}
    endpoints = {
        path[1:]: operation
        for path, operation in posts.items()
        if path.count("/") == 1 and operation.get("tags", [None])[0] in modules
    }
    pipelines = {operation["tags"][0] for operation in endpoints.values()}
    tools = [
        _tool(name, name, "", posts[_PREDICT + name], may_read) for name in modules if name not in pipelines
    ]
    tools += [
        _tool(endpoint, operation["tags"][0], endpoint, operation, may_read)
        for endpoint, operation in endpoints.items()
    ]
    tools += [
        _tool(path.replace("/", "-"), module, "", posts[_PREDICT + path], may_read, method)
        for path in paths
        for module, slash, method in [path.partition("/")]
        if slash
    ]
    return sorted(tools, key=lambda tool: tool.name)


def _tool(
    name: str,
    module: str,
    endpoint: str,
    operation: Mapping[str, Any],
    may_read: bool,
    method: str | None = None,
) -> Tool:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    properties = {key: _for_caller(each, may_read) for key, each in schema.get("properties", {}).items()}
    files = tuple(key for key, each in schema.get("properties", {}).items() if _is_file(each))
    return Tool(
        name=name,
        description=f"{operation.get('summary', name)}\n\n{_doc(operation)}".strip(),
        module=module,
        endpoint=endpoint,
        schema={"type": "object", **schema, "properties": properties},
        files=files,
        method=method,
    )


def _doc(operation: Mapping[str, Any]) -> str:
    """Return the method's docstring, which the document has as a block of text."""
    return str(operation.get("description", "")).partition("```text\n")[2].removesuffix("\n```")


def _is_file(schema: Mapping[str, Any]) -> bool:
    parts = (schema, schema.get("items", {}), *schema.get("anyOf", ()))
    return any(FILE_MARK in part or part.get("contentEncoding") == "base64" for part in parts)


def _for_caller(schema: Mapping[str, Any], may_read: bool) -> Json:
    """Return an argument's schema with the tool's own words for a file; of one item or of a list."""
    if not _is_file(schema):
        return dict(schema)
    file = {"type": "string", "description": _BY_PATH if may_read else _BY_VALUE}
    if schema.get("type") == "array":
        return {"type": "array", "items": file}
    return file


def _content(value: Any, name: str, may_read: bool) -> Any:
    if isinstance(value, list):
        return [_content(each, f"{name}[{number}]", may_read) for number, each in enumerate(value)]
    if not isinstance(value, str):
        return value
    path = Path(value).expanduser()
    if may_read and _is_there(path):
        return path.read_bytes()
    try:
        return base64.b64decode(value.partition(";base64,")[2] or value, validate=True)
    except (binascii.Error, ValueError) as error:
        shown = value if len(value) <= 100 else f"{value[:100]}…"
        places = "a file here or base64" if may_read else "base64; paths are for `hub mcp` over stdio only"
        raise InvalidInputError(f"{name}: {shown!r} is not {places}") from error


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a null byte: base64, say
        return False
