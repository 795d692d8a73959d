"""JSON of too many values is refused on each way into a module, before it is parsed."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub import envelope
from tests.serving.gateway import apps
from tests.serving.gateway.apps import Door

pytestmark = pytest.mark.unit

LIMIT = 500
MANY = json.dumps({"a": [[]] * LIMIT})
FEW = json.dumps({"a": [[]] * (LIMIT // 4)})
#: No parser gets as far as its end, where it breaks off.
CUT = MANY[:-2]


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    return apps.make(tmp_path, max_json_values=LIMIT)


def as_json(text: str) -> dict[str, Any]:
    return {"data": text.encode(), "content_type": "application/json"}


def in_form(*texts: str) -> dict[str, Any]:
    return {
        "data": {f"field{n}": text for n, text in enumerate(texts)},
        "content_type": "multipart/form-data",
    }


def in_tensor(text: str) -> dict[str, Any]:
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1], "data": [text]}
    return as_json(json.dumps({"inputs": [tensor]}))


def in_binary_tensor(text: str) -> dict[str, Any]:
    raw = struct.pack("<I", len(text)) + text.encode()
    return binary({"name": "input", "datatype": "BYTES", "shape": [1]}, raw)


def binary(tensor: dict[str, Any], raw: bytes) -> dict[str, Any]:
    head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(raw)}}]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return {"data": head + raw, "headers": headers, "content_type": "application/octet-stream"}


@pytest.mark.parametrize(
    ("path", "request_of", "code"),
    [
        pytest.param("/predict/echo", as_json, 400, id="predict"),
        pytest.param("/predict/echo", in_form, 400, id="a form's field"),
        pytest.param("/ocr", as_json, 422, id="a pipeline"),
        pytest.param("/v2/models/echo/infer", as_json, 400, id="v2"),
        pytest.param("/v2/models/echo/infer", in_tensor, 400, id="JSON in a tensor of v2"),
        pytest.param("/v2/models/echo/infer", in_binary_tensor, 400, id="JSON in a binary tensor of v2"),
        pytest.param("/v2/models/ocr/infer", in_tensor, 200, id="a pipeline by v2, which answers in band"),
        pytest.param("/v2/repository/index", as_json, 400, id="v2's repository"),
    ],
)
def test_json_of_too_many_values_is_refused_unparsed(
    door: Door, monkeypatch: pytest.MonkeyPatch, path: str, request_of: Any, code: int
) -> None:
    parsed: list[int] = []
    loads = envelope.loads
    monkeypatch.setattr(envelope, "loads", lambda data: (parsed.append(len(data)), loads(data))[1])
    for text in (MANY, CUT):
        status, reply = door.json("POST", path, **request_of(text))

        assert (status, "max_json_values" in json.dumps(reply)) == (code, True)
    # The body around a tensor is parsed, the text in it is not.
    assert request_of is in_tensor or max(parsed, default=0) < len(CUT)
    assert not door.dispatched.calls


@pytest.mark.parametrize("request_of", [as_json, in_form])
def test_json_of_fewer_values_is_taken(door: Door, request_of: Any) -> None:
    status, _ = door.json("POST", "/predict/echo", **request_of(FEW))

    assert (status, len(door.dispatched.calls)) == (200, 1)


def test_all_fields_of_a_form_count_together(door: Door) -> None:
    status, reply = door.json("POST", "/predict/echo", **in_form(*[FEW] * 5))

    assert (status, "max_json_values" in reply["msg"]) == (400, True)


@pytest.mark.parametrize(
    ("tensor", "raw", "code"),
    [
        ({"name": "a", "datatype": "BYTES", "shape": [LIMIT * 2]}, bytes(4 * LIMIT * 2), 400),
        ({"name": "a", "datatype": "INT8", "shape": [LIMIT * 5]}, bytes(LIMIT * 5), 400),
        ({"name": "a", "datatype": "INT8", "shape": [LIMIT * 3]}, bytes(LIMIT * 3), 200),
    ],
)
def test_elements_of_binary_tensors_count(door: Door, tensor: dict[str, Any], raw: bytes, code: int) -> None:
    status, reply = door.json("POST", "/v2/models/echo/infer", **binary(tensor, raw))

    assert (status, "max_json_values" in json.dumps(reply)) == (code, code == 400)


@pytest.mark.parametrize("depth", [400, 900, 100_000])
def test_json_that_is_nested_deeply_is_answered_whatever_becomes_of_it(door: Door, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    door.gateway.limits = replace(door.gateway.limits, max_json_values=10**6)
    for body in (f'{{"a": {nested}}}', f'{{"images": [], "a": {nested}}}'):
        status, reply = door.json("POST", "/predict/echo", **as_json(body))

        assert status in (200, 400)
        assert status == 200 or reply["status"] == "112"
