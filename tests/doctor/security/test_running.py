"""The settings of running servers, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.doctor.security import running
from hub.serving.config import server_config
from hub.serving.messages import state
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import ModuleState, ServerState
from hub.serving.process.pidfile import PidFile
from tests.cli.conftest import ROOT, Hub
from tests.doctor.security import write_keys
from tests.serving.running import Server


def test_modules_are_those_that_are_served_now(tmp_path: Path) -> None:
    values = {"modules_info": {"echo": {}, "gone": {"init_args": {"trust_callers": True}}}}
    run_dir = RunDir(tmp_path)
    server_config.save(server_config.build(values, "test"), run_dir.config)
    served = [ModuleState("echo", "1.0.0", state.READY, generation=2), ModuleState("new", "", state.LOADING)]
    state.write(run_dir.state, ServerState({module.name: module for module in served}))
    RunnerSpec("echo", "1.0.0", "/m/echo", {"allow_urls": True}).write(run_dir.spec("echo", 2))
    config = running.settings(PidFile(1, ("echo",), 0.0, 1, "", "127.0.0.1", 8866, str(tmp_path)))

    assert {name: entry.init_args for name, entry in config.modules_info.items()} == {
        "echo": {"allow_urls": True, "directory": "/m/echo"},
        "new": {},
    }


def test_a_running_server_is_looked_at_from_anywhere(home: Path, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    keys = write_keys(tmp_path / "place", 0o644)
    modules = {"probe": {"init_args": {"directory": str(ROOT / "tests" / "modules" / "probe")}}}
    with Server(home, modules, cwd=tmp_path / "place", api_key_file=keys) as server:
        one = hub("doctor", "--security", "-p", server.port, "--json")
        every = hub("doctor", "--security")
    after = hub("doctor", "--security", "-p", server.port)
    report = json.loads(one.stdout)
    named = {finding["name"]: finding for finding in report["findings"]}

    assert (one.returncode, report["ok"]) == (0, True)
    assert named["keys"]["value"].startswith("1, of alice;")
    assert (named["key file"]["verdict"], named["key file"]["section"]) == ("warning", f"port {server.port}")
    assert every.stdout.startswith(f"port {server.port}\n")
    assert (after.returncode, "No server is running on port" in after.stderr) == (1, True)


def test_a_config_file_with_something_broken_ends_it_with_1(hub: Hub, tmp_path: Path) -> None:
    config = {"modules_info": {"echo": {}}, "host": "0.0.0.0", "allow_server_paths": True}
    (tmp_path / "config.json").write_text(json.dumps(config))
    done = hub("doctor", "--security", "-c", "config.json")

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("config.json\n  note     host: 0.0.0.0:8866: every network")
    assert "\n           → take allow_server_paths out" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 broken, 2 to look at"


def test_without_a_server_it_says_what_else_can_be_looked_at(hub: Hub) -> None:
    done = hub("doctor", "--security")

    assert (done.returncode, "hub doctor --security -c config.json" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-p", "8866"), "--config and --port are for hub doctor --security"),
        (("--security", "-p", "8866", "-c", "config.json"), "give one of them"),
        (("--security", "-c", "absent.json"), "config file absent.json"),
    ],
)
def test_wrong_usage_is_told(hub: Hub, words: tuple[str, ...], said: str) -> None:
    done = hub("doctor", *words)

    assert (done.returncode != 0, said in done.stderr) == (True, True)
