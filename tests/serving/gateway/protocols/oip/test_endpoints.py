"""A pipeline's endpoint as a model of /v2: its JSON body in a tensor, its JSON reply in another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.errors import InvalidInputError
from hub.serving.config.server_config import build
from hub.serving.gateway.app import create_app
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages import state
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import READY, ModuleState, ServerState
from tests.serving.gateway.apps import WARM

pytestmark = pytest.mark.unit


class Shout:
    """Answers for the module that declares the endpoint."""

    def call(self, module: ModuleState, body: Body, context: RequestContext) -> ModuleReply:
        assert (module.name, body.endpoint) == ("pipeline", "shout")
        text = json.loads(body.arguments).get("text")
        if text is None:
            raise InvalidInputError("text is missing")
        result = {"text": text.upper(), "timeout": context.timeout}
        return ModuleReply(json.dumps({"errorCode": 0, "result": result}).encode())


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    run_dir = RunDir(tmp_path)
    run_dir.metrics.mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(run_dir.metrics))
    manifest = Manifest(method="call_endpoint", endpoints={"shout": ()})
    module = ModuleState("pipeline", "2.0", READY, runners=WARM, manifest=manifest)
    state.write(run_dir.state, ServerState({"pipeline": module}))
    config = build({"modules_info": {"pipeline": {}}}, source="test")
    gateway = Gateway(config, run_dir)
    gateway.dispatcher = Shout()
    return create_app(gateway).test_client()


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
        {"name": "pipeline", "version": "2.0", "state": "READY", "reason": ""},
        {"name": "shout", "version": "1", "state": "READY", "reason": ""},
    ]


def test_other_tensors_than_input_are_refused(client: FlaskClient) -> None:
    reply = call(client, body({"text": "hi"}, name="image"))

    assert reply.status_code == 400
    assert "BYTES tensor `input`" in reply.json["error"]
