"""The door for PaddleX's clients: routes that modules declare, PaddleX's errors, the same through /v2."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub.errors import InvalidModuleError
from hub.serving.messages import state
from hub.serving.runner import endpoints
from tests.serving.pictures import bomb
from tests.serving.running import Server, wait_until

FILE = base64.b64encode(b"some file").decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """desk, which answers at /copy and /plain, beside probe, which has no endpoints."""
    modules = {"desk": {"timeout": 2}, "probe": {}}
    home: Path = tmp_path_factory.mktemp("home")
    with Server(home, modules, max_body_mb=1, max_pixels=1_000_000, status_style="2.x") as running:
        yield running


def post(server: Server, path: str, body: Any = None, **options: Any) -> requests.Response:
    if body is not None:
        options["json"] = body
    return server.session.post(server.url + path, timeout=20, **options)


def error(reply: requests.Response) -> tuple[int, str]:
    """HTTP status and message, after a look at the form."""
    body = reply.json()
    assert body.keys() == {"logId", "errorCode", "errorMsg"}
    assert body["errorCode"] == reply.status_code
    assert body["logId"]
    return reply.status_code, body["errorMsg"]


def test_a_declared_file_arrives_as_bytes_and_all_else_as_sent(server: Server) -> None:
    body = {"file": FILE, "image": "https://example.org/a.png", "fileType": 1, "other": FILE}

    reply = post(server, "/copy", body)

    assert reply.status_code == 200
    assert reply.json()["result"] == {"endpoint": "copy", "body": {**body, "file": "9 bytes"}}


def test_an_endpoint_without_files_gets_the_body_exactly_as_sent(server: Server) -> None:
    body = {"file": FILE, "nested": {"a": [1, None, "ü"]}}

    assert post(server, "/plain", body).json()["result"]["body"] == body


def test_the_module_chooses_the_status_and_the_reply(server: Server) -> None:
    reply = post(server, "/plain", {"wish": "teapot"})

    assert (reply.status_code, reply.json()["logId"]) == (418, "mine")


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        pytest.param(b"{", 422, "json_invalid", id="malformed"),
        pytest.param(b"[1]", 422, "model_attributes_type", id="a list"),
        pytest.param(b'{"file": "%%%"}', 422, "Invalid input file", id="no base64"),
        pytest.param(b'{"wish": "refuse"}', 422, "not that", id="refused by the module"),
        pytest.param(
            b'{"wish": "raise"}',
            500,
            "Internal server error: broken (desk raised RuntimeError)",
            id="module raises",
        ),
        pytest.param(b'{"wish": "bare"}', 500, "must return", id="module gives no reply"),
        pytest.param(b'{"sleep": 2.5}', 504, "within the request's time", id="too slow"),
    ],
)
def test_what_fails_has_paddlexs_form(server: Server, body: bytes, code: int, said: str) -> None:
    reply = post(server, "/copy", data=body, headers={"Content-Type": "application/json"})

    found, message = error(reply)

    assert found == code
    assert said in message


def test_an_error_carries_the_callers_log_id(server: Server) -> None:
    assert post(server, "/copy", {"wish": "raise", "logId": "7"}).json()["logId"] == "7"


def test_an_image_with_too_many_pixels_is_refused_by_its_header(server: Server) -> None:
    picture = base64.b64encode(bomb(2000, 1000)).decode()

    assert error(post(server, "/copy", {"file": picture})) == (
        422,
        "Image pixel count 2000000 (width=2000, height=1000) exceeds maximum allowed 1000000.",
    )


def test_a_body_over_the_limit_is_413_in_paddlexs_form(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/copy")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "2000000")
    connection.endheaders()
    reply = connection.getresponse()

    assert reply.status == 413
    assert json.loads(reply.read())["errorCode"] == 413


def test_another_method_is_405_and_names_the_right_one(server: Server) -> None:
    reply = server.get("/copy")

    assert error(reply)[0] == 405
    assert "POST" in reply.headers["Allow"]


def test_below_an_endpoint_there_is_nothing(server: Server) -> None:
    assert error(post(server, "/copy/that", {}))[0] == 404


def test_another_content_type_is_415(server: Server) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    assert error(post(server, "/copy", data=b"a=b", headers=headers))[0] == 415


def test_a_body_without_a_content_type_is_json(server: Server) -> None:
    assert post(server, "/plain", data=b'{"a": 1}').json()["result"]["body"] == {"a": 1}
    assert error(post(server, "/plain", data=b"a=b"))[0] == 422


@pytest.mark.parametrize(("method", "path", "code"), [
    ("POST", "/nothing", 404), ("GET", "/nothing", 404), ("POST", "/metrics", 405), ("POST", "/v2", 405),
])  # fmt: skip
def test_what_no_module_declares_is_as_it_was(server: Server, method: str, path: str, code: int) -> None:
    reply = server.session.request(method, server.url + path, timeout=10)

    assert reply.status_code == code
    assert "errorCode" not in reply.json()


def test_health_says_healthy(server: Server) -> None:
    reply = server.get("/health")

    assert (reply.status_code, reply.json()["errorCode"], reply.json()["errorMsg"]) == (200, 0, "Healthy")
    assert server.get("/health/live").json() == {"live": True}


def test_the_module_itself_is_served_as_any_other(server: Server) -> None:
    results = server.post("desk", {"endpoint": "plain", "body": {"a": 1}}).json()["results"]

    assert results["http_status"] == 200
    assert results["reply"]["result"]["body"] == {"a": 1}


def test_requests_are_counted_under_the_modules_name(server: Server) -> None:
    post(server, "/plain", {})

    assert 'hub_requests_total{code="200",module="desk"}' in server.get("/metrics").text


def test_the_real_tritonclient_calls_an_endpoint_by_its_name(server: Server) -> None:
    triton = pytest.importorskip("tritonclient.http")
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")

    def ask(body: dict[str, Any]) -> Any:
        tensor = triton.InferInput("input", [1, 1], "BYTES")
        tensor.set_data_from_numpy(np.array([[json.dumps(body).encode()]], dtype=object))
        return json.loads(client.infer("copy", [tensor]).as_numpy("output")[0][0])

    assert client.is_model_ready("copy")
    assert ask({"file": FILE})["result"]["body"] == {"file": "9 bytes"}
    assert ask({"wish": "raise", "logId": "8"}) == {
        "logId": "8", "errorCode": 500, "errorMsg": "Internal server error: broken (desk raised RuntimeError)"
    }  # fmt: skip


def test_until_a_module_was_ready_it_may_be_the_one_that_is_meant(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with Server(tmp_path, {"desk": {"init_args": {"wait_for": str(go)}}}, wait=False) as slow:
        wait_until(lambda: slow.pid_file() and slow.state().modules)
        wait_until(lambda: _answers(slow))
        assert slow.module("desk").state == state.LOADING

        reply = post(slow, "/copy", {})
        health = slow.get("/health")

        assert error(reply) == (503, "module desk is loading")
        assert "Retry-After" in reply.headers
        assert error(health)[0] == 503
        go.touch()
        slow.wait_settled()
        assert post(slow, "/copy", {}).status_code == 200


def _answers(server: Server) -> bool:
    try:
        return server.get("/health/live").ok
    except requests.RequestException:
        return False


def test_of_two_modules_the_first_answers_and_the_log_says_so(tmp_path: Path) -> None:
    directory = {"directory": str(Path(__file__).parents[1] / "modules" / "desk")}
    modules = {"desk": {}, "probe": {"init_args": {**directory, "endpoints": {"copy": [], "more": []}}}}
    with Server(tmp_path, modules) as server:
        assert post(server, "/more", {}).json()["result"]["endpoint"] == "more"
        assert "probe is not asked at POST /copy: desk answers there" in server.log()


@pytest.mark.parametrize(("path", "code"), [("/copy", 200), ("/plain", 502)])
def test_a_dead_runners_request_is_sent_again_but_where_it_must_run_once(
    tmp_path: Path, path: str, code: int
) -> None:
    with Server(tmp_path, {"desk": {"concurrency": 1}}) as server, ThreadPoolExecutor() as pool:
        asked = pool.submit(post, server, path, {"sleep": 1.2})
        time.sleep(0.5)
        server.kill_runner("desk")

        assert asked.result().status_code == code


def test_the_api_document_has_the_endpoints_and_is_valid(server: Server) -> None:
    document = server.get("/openapi.json").json()

    OpenAPIV31SpecValidator(document).validate()
    operation = document["paths"]["/copy"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["properties"].keys() == {
        "file",
        "image",
    }
    assert {"422", "503"} < operation["responses"].keys()
    assert "400" not in operation["responses"]


class _Module:
    def __init__(self, declared: Any, once: Any = ()) -> None:
        self.endpoints = declared
        self.once = once


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"predict": ()}, "'predict' cannot be a route", id="the server's own"),
        pytest.param({"a/b": ()}, "'a/b' cannot be a route", id="a slash"),
        pytest.param({"ocr": "file"}, "must be names of fields", id="one text"),
        pytest.param(["ocr"], "must map names", id="a list"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InvalidModuleError, match=said):
        endpoints.declared(_Module(given), ["endpoint", "body"])


@pytest.mark.parametrize("once", [("cor",), "ocr"])
def test_only_endpoints_can_be_said_to_run_once(once: Any) -> None:
    with pytest.raises(InvalidModuleError, match=r"must be names of its endpoints \(ocr\)"):
        endpoints.not_idempotent(_Module({"ocr": ()}, once), ["ocr"])


def test_the_serving_method_must_be_able_to_answer_there() -> None:
    with pytest.raises(InvalidModuleError, match="must take `endpoint` and `body`; it takes texts"):
        endpoints.declared(_Module({"ocr": ()}), ["texts"])


def test_a_schema_must_be_an_endpoints() -> None:
    module = _Module({"ocr": ()})
    module.endpoint_schemas = {"orc": {}}  # type: ignore[attr-defined]

    with pytest.raises(InvalidModuleError, match=r"names of its endpoints \(ocr\)"):
        endpoints.schemas(module, ["ocr"])


@pytest.mark.parametrize("given", [["ocr"], "http://models.example.org", 3])
def test_an_attribute_of_that_name_in_a_module_that_answers_at_none_is_its_own(given: Any) -> None:
    class Other:
        endpoints = given

    assert endpoints.declared(Other(), ["images", "paths"]) == {}
