"""hub.mcp.tools: from a server's OpenAPI document to tools, and from their arguments to a call."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from hub.errors import InvalidInputError
from hub.mcp.tools import from_document

IMAGE = {"type": "string", "contentEncoding": "base64", "description": "An image file"}
IMAGES = {"type": "array", "items": IMAGE}


def operation(schema: dict[str, Any], tag: str, description: str = "") -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    said = {"summary": f"Call {tag}.", "description": description}
    return {"post": {"tags": [tag], **said, "requestBody": body}}


DOCUMENT = {
    "paths": {
        "/predict/look": operation(
            {
                "properties": {
                    "images": IMAGES,
                    "image": IMAGE,
                    "top": {"type": "integer"},
                }
            },
            "look",
            "Version 1, READY.\n\n```text\nLook at images.\n```",
        ),
        "/predict/look/closer": operation({"properties": {"image": IMAGE}}, "look"),
        "/predict/pages": operation({"properties": {"endpoint": {}, "body": {}}}, "pages"),
        "/ocr": operation({"properties": {"file": {"type": "string", "x-file": True}, "top": {}}}, "pages"),
        "/v2/models/look/infer": operation({}, "look"),
        "/health/ready": {"get": {}},
    }
}


def tools(*, may_read: bool = True) -> dict[str, Any]:
    return {tool.name: tool for tool in from_document(DOCUMENT, may_read=may_read)}


def test_modules_and_endpoints_are_tools_and_a_pipelines_own_route_is_not() -> None:
    assert sorted(tools()) == ["look", "look-closer", "ocr"]
    assert tools()["look"].description == "Call look.\n\nLook at images."


def test_another_method_of_a_module_is_a_tool_that_calls_it() -> None:
    called = {name: (tool.module, tool.method) for name, tool in tools().items()}

    assert called["look-closer"] == ("look", "closer")
    assert (called["look"], called["ocr"]) == (("look", None), ("pages", None))


def test_the_schema_says_how_a_file_is_given() -> None:
    schema = tools()["look"].schema["properties"]
    assert "path" in schema["images"]["items"]["description"] and "path" in schema["image"]["description"]
    assert schema["top"] == {"type": "integer"}
    assert "path" not in str(tools(may_read=False)["look"].schema)


def test_files_are_given_by_path_or_in_base64(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"jpeg")
    encoded = base64.b64encode(b"other").decode()
    sent = tools()["look"].call_arguments(
        {"images": [str(file), encoded, f"data:image/png;base64,{encoded}"], "top": 3}, may_read=True
    )
    assert sent == {"images": [b"jpeg", b"other", b"other"], "top": 3}


def test_an_endpoint_gets_its_body(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"pdf")
    sent = tools()["ocr"].call_arguments({"file": str(tmp_path / "a.pdf"), "top": 1}, may_read=True)
    assert sent == {"endpoint": "ocr", "body": {"file": b"pdf", "top": 1}}


@pytest.mark.parametrize("name", ["/etc/hostname", "a/b.jpg", "~/x.png"])
def test_no_file_is_read_for_callers_over_http(name: str) -> None:
    with pytest.raises(InvalidInputError, match="is not base64; paths are for `hub mcp` over stdio only"):
        tools(may_read=False)["look"].call_arguments({"image": f"{name}!"}, may_read=False)


def test_what_is_neither_a_file_nor_base64_is_named() -> None:
    with pytest.raises(InvalidInputError, match=r"images\[1\]: 'missing.jpg' is not a file here or base64"):
        tools()["look"].call_arguments({"images": ["AAAA", "missing.jpg"]}, may_read=True)
