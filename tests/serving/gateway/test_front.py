"""What surrounds every request, and who answers it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from hub.serving.gateway.front import Front
from tests.serving.gateway import apps

pytestmark = pytest.mark.unit

MODELS = ("/predict/echo", "/predict/echo/echo", "/ocr", "/v2/models/echo/infer")
INFER = {"inputs": [{"name": "texts", "datatype": "BYTES", "shape": [1], "data": ["a"]}]}


def others(variables: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer instead of Flask."""
    start("418 I'M A TEAPOT", [("Vary", "Accept")])
    return [b""]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    return Client(Front(apps.make(tmp_path, cors_origins=["https://a.example"]).gateway, others))


@pytest.mark.parametrize("path", MODELS)
def test_a_request_that_calls_a_model_does_not_come_to_flask(client: Client, path: str) -> None:
    assert client.post(path, json=INFER if path.startswith("/v2") else {}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/predict/text/echo", "/predict/echo/", "/v2/models/echo"])
def test_every_other_request_does(client: Client, path: str) -> None:
    assert client.post(path, json={}).status_code == client.get(path).status_code == 418


@pytest.mark.parametrize("path", ["/", *MODELS])
def test_a_reply_has_its_id_and_those_for_other_origins_whoever_answered_it(
    client: Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hub.access")
    headers = {"X-Request-ID": "r-7", "Origin": "https://a.example"}
    reply = client.post(path, json=INFER if path.startswith("/v2") else {}, headers=headers)

    assert reply.headers["X-Request-ID"] == "r-7"
    assert reply.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Origin" in reply.headers.getlist("Vary")
    assert caplog.messages[-1].startswith(f'None "POST {path}" {reply.status_code} ')
