"""Servers of a user whom /etc/passwd does not know and who has no HOME, as OpenShift starts containers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy import containers
from tests.serving.running import ROOT, Server, environment

AS_ANY_USER = ("env", "-u", "HOME", "unshare", "--user", "--map-user=54321", "--map-group=0")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    containers.needed()
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with Server(home, {"probe": {}, "look": {}}, prefix=AS_ANY_USER) as running:
        yield running


def hub(*words: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [*AS_ANY_USER, sys.executable, "-m", "hub", *words]
    given = {**environment(home), **variables}
    return subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_server_answers_and_its_modules_have_a_home(server: Server, home: Path) -> None:
    reply = server.post("probe", {"action": "environment", "names": ["HOME", "HUB_HOME"]})

    assert reply.json()["results"] == {"HOME": os.fspath(home), "HUB_HOME": os.fspath(home)}


def test_the_same_user_sees_the_server(server: Server, home: Path) -> None:
    done = hub("serving", "status", "-p", str(server.port), home=home)

    assert (done.returncode, done.stderr) == (0, "")
    assert "probe" in done.stdout


def test_every_engine_loads(home: Path) -> None:
    done = hub("doctor", home=home)

    assert "does not load" not in done.stdout
    assert "runs on cpu" in done.stdout


@pytest.mark.parametrize("command", ["list", "serving"])
def test_without_any_home_one_line_says_what_to_set(home: Path, command: str) -> None:
    words = ("serving", "status") if command == "serving" else (command,)
    done = hub(*words, home=home, HUB_HOME="")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: user id 54321 has no home folder here: set HUB_HOME to a folder that can be written\n"
    )
