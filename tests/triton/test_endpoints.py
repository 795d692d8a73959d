"""The door for pipelines: an endpoint takes its JSON body in a tensor and gives its JSON reply in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.serving.config.server_config import build
from hub.serving.gateway.app import create_app
from hub.serving.gateway.context import EXTENSION, Gateway
from hub.serving.gateway.handling import Incoming
from hub.serving.gateway.runner_client import SocketDispatcher
from hub.serving.messages import state
from hub.serving.messages.state import ServerState, StateReader


class Shout:
    """Answers in PaddleX's form, errors in band."""

    def is_ready(self, this: Gateway) -> bool:
        return True

    def answer(self, this: Gateway, incoming: Incoming, body: bytes) -> bytes:
        text = json.loads(body).get("text")
        if text is None:
            return json.dumps({"errorCode": 422, "errorMsg": "text is missing"}).encode()
        result = {"text": text.upper(), "timeout": incoming.timeout}
        return json.dumps({"errorCode": 0, "result": result}).encode()


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    (tmp_path / "metrics").mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    state.write(tmp_path / "state.json", ServerState())
    states = StateReader(tmp_path / "state.json")
    config = build({"modules_info": {"greet": {}}}, source="test")
    app = create_app(config, tmp_path, states, SocketDispatcher(states))
    gateway: Gateway = app.extensions[EXTENSION]
    object.__setattr__(gateway, "endpoints", {"shout": Shout()})
    return app.test_client()


def call(client: FlaskClient, *inputs: dict[str, Any], **request: Any) -> Any:
    return client.post("/v2/models/shout/infer", json={"inputs": list(inputs), **request})


def body(value: Any, **fields: Any) -> dict[str, Any]:
    tensor = {"name": "input", "datatype": "BYTES", "shape": [1, 1], "data": [json.dumps(value)]}
    return {**tensor, **fields}


def test_the_reply_is_the_operations_json_in_the_inputs_shape(client: FlaskClient) -> None:
    (output,) = call(client, body({"text": "hi"}), parameters={"timeout": 500_000}).json["outputs"]

    assert (output["name"], output["shape"]) == ("output", [1, 1])
    assert json.loads(output["data"][0])["result"] == {"text": "HI", "timeout": 0.5}


def test_its_errors_stay_in_band(client: FlaskClient) -> None:
    reply = call(client, body({}))

    assert reply.status_code == 200
    assert json.loads(reply.json["outputs"][0]["data"][0])["errorCode"] == 422


def test_it_is_a_model_with_version_1(client: FlaskClient) -> None:
    assert client.get("/v2/models/shout").json["versions"] == ["1"]
    assert client.get("/v2/models/shout/versions/1/ready").status_code == 200
    assert client.get("/v2/models/shout/versions/2/ready").status_code == 404
    assert client.post("/v2/repository/index").json == [
        {"name": "shout", "version": "1", "state": "READY", "reason": ""}
    ]


def test_other_tensors_than_input_are_refused(client: FlaskClient) -> None:
    reply = call(client, body({"text": "hi"}, name="image"))

    assert reply.status_code == 400
    assert "BYTES tensor `input`" in reply.json["error"]
