"""Another module under a name that was served before: what answers is what the status names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.serving.running import MODULES, Server, hub, wait_until, write_module

#: ``change(server, "load" | "unload", name)``
Change = Callable[[Server, str, str], None]


def by_command(server: Server, do: str, name: str) -> None:
    hub("serving", do, name, "-p", str(server.port), home=server.home)


def over_http(server: Server, do: str, name: str) -> None:
    reply = requests.post(f"{server.url}/v2/repository/models/{name}/{do}", json={}, timeout=30)
    assert reply.status_code == 200, reply.text


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[Server]:
    hub("install", str(write_module(tmp_path / "mine", "1.0.0")), home=home)
    modules = {"mine": {"init_args": {"directory": None}}, "probe": {}}
    with Server(home, modules, allow_model_control=True) as running:
        yield running


@pytest.mark.parametrize("change", [by_command, over_http])
def test_a_module_that_is_loaded_again_is_the_version_that_the_status_names(
    server: Server, tmp_path: Path, change: Change
) -> None:
    change(server, "unload", "mine")
    hub("install", str(write_module(tmp_path / "mine", "2.0.0")), home=server.home)
    change(server, "load", "mine")

    assert server.module("mine").version == "2.0.0"
    assert server.post("mine", {}).json()["results"] == "2.0.0"


def test_a_folder_that_is_gone_is_an_error_and_no_namesake_answers(home: Path, tmp_path: Path) -> None:
    folder = write_module(tmp_path / "mine", "1.0.0")
    write_module(tmp_path / "cwd" / "mine", "9.9.9")  # Python looks in the working directory, too
    modules = {
        "mine": {"init_args": {"directory": str(folder)}},
        "probe": {"init_args": {"directory": str(MODULES / "probe")}},
    }
    with Server(home, modules, cwd=tmp_path / "cwd") as server:
        before = server.post("mine", {}).json()["results"]
        shutil.rmtree(folder)
        server.kill_runner("mine")
        wait_until(lambda: f"{folder} is not there any more" in server.log(), what="the reason")
        after = server.post("mine", {}, headers={"X-Request-Timeout": "1"})

    assert before == "1.0.0"
    assert after.status_code in (503, 504)
