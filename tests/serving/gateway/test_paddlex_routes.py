"""Routes that nobody serves, and trailing slashes, on servers of pipelines: as PaddleX's server answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.serving.gateway import apps
from tests.serving.gateway.apps import Door

pytestmark = pytest.mark.unit

PIPELINE, ECHO = apps.MODULES["pipeline"], apps.MODULES["echo"]


@pytest.fixture
def pipelines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """A server all of whose modules have endpoints."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    return apps.make(tmp_path, {"pipeline": PIPELINE})


@pytest.fixture
def pipeline_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """As ``--pipeline OCR -m echo`` starts it."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    return apps.make(tmp_path, {"pipeline": PIPELINE, "echo": ECHO}, paddlex_errors=True)


@pytest.mark.parametrize("which", ["pipelines", "pipeline_first"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/orc"), ("GET", "/a/b"), ("POST", "/orc/"), ("GET", "/ocr//")]
)
def test_on_a_server_of_a_pipeline_an_unknown_route_is_404_in_paddlexs_form(
    request: pytest.FixtureRequest, which: str, method: str, path: str
) -> None:
    code, body = request.getfixturevalue(which).json(method, path)

    assert (code, list(body), body["errorCode"]) == (404, ["logId", "errorCode", "errorMsg"], 404)
    assert body["errorMsg"] == f"there is nothing at {path}; there are POST /ocr"


def test_below_v2_and_predict_such_a_server_keeps_the_form_of_the_protocol(pipeline_first: Door) -> None:
    assert list(pipeline_first.json("GET", "/v2/nothing")[1]) == ["error"]
    assert list(pipeline_first.json("POST", "/predict/nobody", json={})[1]) == ["msg", "results", "status"]


def test_a_method_that_no_route_takes_is_405_in_paddlexs_form(pipelines: Door) -> None:
    code, body = pipelines.json("POST", "/health")

    assert (code, body["errorCode"]) == (405, 405)


@pytest.mark.parametrize(
    ("method", "path", "place"),
    [
        ("POST", "/ocr/", "/ocr"),
        ("GET", "/ocr/", "/ocr"),
        ("PUT", "/ocr/", "/ocr"),
        ("POST", "/ocr/?a=1&b=%e4", "/ocr?a=1&b=%e4"),
        ("GET", "/health/", "/health"),
    ],
)
def test_a_trailing_slash_is_redirected_by_307_as_by_paddlex(
    door: Door, method: str, path: str, place: str
) -> None:
    reply = door.client.open(path, method=method)

    assert (reply.status_code, reply.headers["Location"], reply.data) == (307, place, b"")


def test_a_client_that_follows_the_redirect_is_answered(door: Door) -> None:
    reply = door.client.post("/ocr/", json={"logId": "mine"}, follow_redirects=True)
    ((_, body, context),) = door.dispatched.calls

    assert (reply.status_code, body.endpoint, context.log_id) == (200, "ocr", "mine")


def test_without_a_slash_nothing_is_redirected(door: Door) -> None:
    assert json.loads(door.client.get("/health").data)["errorCode"] == 503
    assert door.client.post("/health").status_code == 405
    assert door.client.post("/ocr", json={}).status_code == 200


def test_a_body_without_content_type_is_read(door: Door) -> None:
    reply = door.client.post("/ocr", data=b'{"logId": "mine"}')
    ((_, _, context),) = door.dispatched.calls

    assert (reply.status_code, context.log_id) == (200, "mine")
