"""The gateway's app without a server: Flask's test client, and a dispatcher that a test decides for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from hub.serving.config.server_config import build
from hub.serving.gateway.app import create_app
from hub.serving.gateway.body import Body
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages import state
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import FAILED, LOADING, READY, ModuleState, ProcessState, ServerState

#: A runner that is loaded.
WARM = (ProcessState(7, 70, "runner"),)
#: What the tests' server serves.
MODULES = {
    "echo": ModuleState(
        "echo", "1.2.0", READY, runners=WARM, manifest=Manifest(method="echo", images=("images",))
    ),
    "pipeline": ModuleState(
        "pipeline",
        "2.0",
        READY,
        runners=WARM,
        manifest=Manifest(method="call_endpoint", endpoints={"ocr": ("file",)}),
    ),
    "slow": ModuleState("slow", "1.0", LOADING, manifest=Manifest(method="predict")),
    "broken": ModuleState("broken", "1.0", FAILED, "no weights", manifest=Manifest(method="predict")),
}


@dataclass
class Dispatched:
    """Answers with the arguments that came, or raises ``error``; remembers every call."""

    error: BaseException | None = None
    answer: Callable[[Body], ModuleReply] = lambda body: ModuleReply(body.arguments)
    calls: list[tuple[ModuleState, Body, RequestContext]] = field(default_factory=list)

    def call(self, module: ModuleState, body: Body, context: RequestContext) -> ModuleReply:
        self.calls.append((module, body, context))
        if self.error is not None:
            raise self.error
        return self.answer(body)


@dataclass
class Door:
    """A gateway with its fake dispatcher; ``client`` speaks HTTP to it."""

    gateway: Gateway
    dispatched: Dispatched
    client: FlaskClient

    def json(self, method: str, path: str, **request: Any) -> tuple[int, Any]:
        """Return code and JSON of a reply."""
        reply = self.client.open(path, method=method, **request)
        return reply.status_code, json.loads(reply.data)


def make(folder: Path, modules: dict[str, ModuleState] | None = None, **settings: Any) -> Door:
    """Make a gateway over ``folder`` as its run dir; ``settings`` are keys of config.json.

    PROMETHEUS_MULTIPROC_DIR must be the run dir's folder of metrics.
    """
    modules = MODULES if modules is None else modules
    run_dir = RunDir(folder)
    run_dir.metrics.mkdir(exist_ok=True)
    state.write(run_dir.state, ServerState(modules))
    config = build({"modules_info": {name: {} for name in modules}, **settings}, source="test")
    dispatched = Dispatched()
    gateway = Gateway(config, run_dir)
    gateway.dispatcher = dispatched
    return Door(gateway, dispatched, create_app(gateway).test_client())
