"""Another module under a name that was served before: what answers is what the status names."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.serving.running import Server, hub, write_module


def test_a_module_that_is_loaded_again_is_the_version_that_the_status_names(
    home: Path, tmp_path: Path
) -> None:
    hub("install", str(write_module(tmp_path / "mine", "1.0.0")), home=home)
    modules = {"mine": {"init_args": {"directory": None}}, "probe": {}}
    with Server(home, modules, allow_model_control=True) as server:
        answers = []
        for version, change in (("2.0.0", by_command), ("3.0.0", over_http)):
            change(server, "unload")
            hub("install", str(write_module(tmp_path / "mine", version)), home=home)
            change(server, "load")
            answers.append((server.module("mine").version, server.post("mine", {}).json()["results"]))

    assert answers == [("2.0.0", "2.0.0"), ("3.0.0", "3.0.0")]


def by_command(server: Server, do: str) -> None:
    hub("serving", do, "mine", "-p", str(server.port), home=server.home)


def over_http(server: Server, do: str) -> None:
    reply = requests.post(f"{server.url}/v2/repository/models/mine/{do}", json={}, timeout=30)
    assert reply.status_code == 200, reply.text
