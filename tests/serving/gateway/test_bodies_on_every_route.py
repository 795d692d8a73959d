"""Bodies as people send them are read alike on each way into a module."""

from __future__ import annotations

import base64
import gzip
import json
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub import envelope
from hub.serving.messages.manifest import Manifest, Parameter
from hub.serving.messages.state import READY, ModuleState
from tests.serving import pictures
from tests.serving.gateway import apps
from tests.serving.gateway.apps import Door

pytestmark = pytest.mark.unit

PNG = pictures.png()


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    return apps.make(tmp_path, max_body_mb=1)


def plain(body: bytes) -> dict[str, Any]:
    return {"data": body, "content_type": "application/json"}


def in_binary_tensor(body: bytes) -> dict[str, Any]:
    raw = struct.pack("<I", len(body)) + body
    tensor = {
        "name": "input", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(raw)},
    }  # fmt: skip
    head = json.dumps({"inputs": [tensor]}).encode()
    return {"data": head + raw, "headers": {"Inference-Header-Content-Length": str(len(head))}}


ROUTES = [
    pytest.param("/predict/echo", plain, id="predict"),
    pytest.param("/ocr", plain, id="an endpoint"),
    pytest.param("/v2/models/echo/infer", in_binary_tensor, id="v2"),
    pytest.param("/v2/models/ocr/infer", in_binary_tensor, id="an endpoint by v2"),
]
AS_SENT: list[tuple[bytes, Any]] = [
    (b'\xef\xbb\xbf{"texts": ["a"]}', ["a"]),
    ('{"texts": ["\u00fc\u5b57"]}'.encode("utf-16"), ["\u00fc\u5b57"]),
    ('{"texts": ["a"]}'.encode("utf-32-be"), ["a"]),
    (b'{"texts": [Infinity, -Infinity]}', [math.inf, -math.inf]),
    (b'{"texts": ["\\ud83d"]}', ["\ud83d"]),
]


def taken(door: Door) -> Any:
    """The arguments that the module's runner would get."""
    (_, body, _) = door.dispatched.calls[-1]
    return envelope.loads(body.arguments, trusted=True)


@pytest.mark.parametrize(("path", "request_of"), ROUTES)
@pytest.mark.parametrize(("body", "texts"), AS_SENT, ids=["BOM", "UTF-16", "UTF-32", "Infinity", "surrogate"])
def test_what_json_loads_reads_reaches_the_module(
    door: Door, path: str, request_of: Callable[[bytes], dict[str, Any]], body: bytes, texts: Any
) -> None:
    status, reply = door.json("POST", path, **request_of(body))

    assert status == 200, reply
    assert taken(door)["texts"] == texts


@pytest.mark.parametrize(("path", "request_of"), ROUTES)
def test_nan_stays_nan_beside_an_image_that_is_taken_out(
    door: Door, path: str, request_of: Callable[[bytes], dict[str, Any]]
) -> None:
    picture = base64.b64encode(PNG).decode()
    body = json.dumps(
        {"images": [picture], "file": picture, "n": [math.nan, None], "text": "\ud800"}
    ).encode()
    status, reply = door.json("POST", path, **request_of(body))
    found = taken(door)

    assert status == 200, reply
    assert (math.isnan(found["n"][0]), found["n"][1], found["text"]) == (True, None, "\ud800")
    assert door.dispatched.calls[-1][1].images or door.dispatched.calls[-1][1].files


def test_nan_in_a_tensor_of_numbers_stays_nan(door: Door) -> None:
    raw = struct.pack("<3f", 1.5, math.nan, math.inf)
    tensor = {"name": "n", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    assert door.json("POST", "/v2/models/echo/infer", data=head + raw, headers=headers)[0] == 200

    first, second, third = taken(door)["n"]
    assert (first, math.isnan(second), third) == (1.5, True, math.inf)


@pytest.mark.parametrize(("path", "request_of"), ROUTES)
@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_body_is_unpacked_and_its_memory_given_back(
    door: Door, path: str, request_of: Callable[[bytes], dict[str, Any]], coding: str, pack: Any
) -> None:
    request = request_of(b'{"texts": ["a"]}')
    headers = {**request.pop("headers", {}), "Content-Encoding": coding}
    status, _ = door.json("POST", path, headers=headers, **{**request, "data": pack(request["data"])})

    assert (status, taken(door)["texts"]) == (200, ["a"])
    assert door.gateway.inflight.held == 0


def form(*parts: tuple[str, bytes]) -> dict[str, Any]:
    data = b"".join(
        b'--sep\r\nContent-Disposition: form-data; name="%b"; filename="a"\r\n\r\n%b\r\n'
        % (name.encode(), value)
        for name, value in parts
    )
    return {"data": data + b"--sep--\r\n", "content_type": "multipart/form-data; boundary=sep"}


@pytest.mark.parametrize(
    "request_",
    [form(("images", PNG)), {"data": PNG, "content_type": "image/png"}],
    ids=["a form", "one image"],
)
def test_a_compressed_form_or_image_is_unpacked(door: Door, request_: dict[str, Any]) -> None:
    packed = {**request_, "data": gzip.compress(request_["data"]), "headers": {"Content-Encoding": "gzip"}}
    status, _ = door.json("POST", "/predict/echo", **packed)

    assert (status, door.dispatched.calls[-1][1].images) == (200, {"images": [PNG]})


def test_a_part_without_a_name_is_told_no_name_that_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    parameters = tuple(Parameter(name, required=False) for name in ("images", "paths", "draw"))
    manifest = Manifest(method="read", images=("images",), parameters=parameters, takes_any=False)
    module = ModuleState("reader", "1.0", READY, runners=apps.WARM, manifest=manifest)
    data = b"--sep\r\nContent-Disposition: form-data\r\n\r\n3\r\n--sep--\r\n"
    for allowed, names in ((False, "images, draw"), (True, "images, paths, draw")):
        door = apps.make(tmp_path, {"reader": module}, allow_server_paths=allowed)
        _, reply = door.json(
            "POST", "/predict/reader", data=data, content_type="multipart/form-data; boundary=sep"
        )

        assert reply["msg"] == f"a part of the form has no name; name it after an argument: {names}"


@pytest.mark.parametrize(("path", "request_of"), ROUTES)
def test_a_bomb_is_413_and_another_coding_415(
    door: Door, path: str, request_of: Callable[[bytes], dict[str, Any]]
) -> None:
    request = request_of(b'{"texts": ["a"]}')
    given = request.pop("headers", {})
    for coding, data, code, said in (
        ("gzip", gzip.compress(bytes(30_000_000)), 413, "max_body_mb"),
        ("br", request["data"], 415, "'br'"),
        ("gzip", request["data"], 422 if path == "/ocr" else 400, "not gzip"),
    ):
        headers = {**given, "Content-Encoding": coding}
        status, reply = door.json("POST", path, headers=headers, **{**request, "data": data})

        assert (status, said in json.dumps(reply)) == (code, True), reply
    assert (door.gateway.inflight.held, door.dispatched.calls) == (0, [])


def test_the_values_of_a_compressed_body_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    door = apps.make(tmp_path, max_json_values=500)
    many = json.dumps({"a": [[]] * 500})
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        packed = {"data": gzip.compress(many.encode(encoding)), "headers": {"Content-Encoding": "gzip"}}
        for path, code in (("/predict/echo", 400), ("/ocr", 422), ("/v2/models/echo/infer", 400)):
            status, reply = door.json("POST", path, content_type="application/json", **packed)

            assert (status, "max_json_values" in json.dumps(reply)) == (code, True)


@pytest.mark.parametrize("path", ["/predict/echo", "/ocr"])
@pytest.mark.parametrize("headers", [{}, {"Content-Type": ""}])
def test_a_body_without_a_content_type_is_json(door: Door, path: str, headers: dict[str, str]) -> None:
    assert door.json("POST", path, data=b'{"texts": ["a"]}', headers=headers)[0] == 200
    assert taken(door) == {"texts": ["a"]}


def test_an_image_without_a_content_type_is_told_how_to_be_sent(door: Door) -> None:
    status, reply = door.json("POST", "/predict/echo", data=PNG)

    assert (status, "send it as image/png" in reply["msg"]) == (400, True)


def test_what_curl_sends_by_itself_is_named(door: Door) -> None:
    kind = "application/x-www-form-urlencoded"
    status, reply = door.json("POST", "/predict/echo", data=b"{}", content_type=kind)

    assert (status, "curl -d" in reply["msg"]) == (415, True)


BLANKS = base64.b64encode(PNG + b"\xfb\xef\xbe\xff" * 9).decode().replace("+", " ")
TWICE = base64.b64encode(base64.b64encode(PNG)).decode()


@pytest.mark.parametrize(
    ("text", "said"), [(BLANKS, "was a `+`"), (TWICE, "base64 of base64"), (PNG.hex(), "hexadecimal")]
)
def test_base64_that_lost_something_is_named_on_every_route(door: Door, text: str, said: str) -> None:
    tensor = {"name": "images", "datatype": "BYTES", "shape": [1], "data": [text]}
    field = {"data": {"images": text}, "content_type": "multipart/form-data"}
    for path, code, request in (
        ("/predict/echo", 400, plain(json.dumps({"images": [text]}).encode())),
        ("/predict/echo", 400, field),
        ("/ocr", 422, plain(json.dumps({"file": text}).encode())),
        ("/v2/models/echo/infer", 400, plain(json.dumps({"inputs": [tensor]}).encode())),
        ("/v2/models/echo/infer", 400, in_binary_tensor(json.dumps({"images": [text]}).encode())),
    ):
        status, reply = door.json("POST", path, **request)

        assert (status, said in json.dumps(reply)) == (code, True), (path, reply)


@pytest.mark.parametrize(
    ("path", "known"),
    [("/predict/ecco", "echo"), ("/v2/models/ecco/infer", "echo"), ("/v2/models/ocrr", "ocr"),
     ("/v2/models/ocrr/stats", "ocr")],
)  # fmt: skip
def test_an_unknown_module_is_told_the_one_that_was_probably_meant(door: Door, path: str, known: str) -> None:
    method = "POST" if path.endswith(("infer", "ecco")) else "GET"
    status, reply = door.json(method, path, data=b"{}")
    message = reply.get("msg") or reply["error"]

    assert (status, message.endswith(f"is not available. Did you mean {known}?")) == (404, True), message


def test_no_module_is_suggested_where_none_is_near(door: Door) -> None:
    assert door.json("POST", "/predict/nobody", data=b"{}")[1]["msg"] == "Module nobody is not available."
