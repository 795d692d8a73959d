"""Changing a server while it serves: reload, load, unload, scale, status; not one request may fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving.running import MODULES, Server, hub, wait_until, write_module

#: Keeps 200 MB more with each call.
GROWS = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="mine", version="1.0.0")
class Mine(Module):
    def _initialize(self):
        self.kept = []

    @serving
    def grow(self):
        self.kept.append(b"x" * 200_000_000)
        return sum(map(len, self.kept))
"""


@contextmanager
def load_on(server: Server, module: str) -> Iterator[list[Any]]:
    """Call a module from four threads meanwhile; the list fills with (HTTP code, results)."""
    stop = threading.Event()
    seen: list[Any] = []

    def call() -> None:
        with requests.Session() as session:
            while not stop.is_set():
                reply = session.post(f"{server.url}/predict/{module}", json={}, timeout=20)
                seen.append((reply.status_code, reply.json()["results"]))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)


@pytest.fixture
def mine(home: Path, tmp_path: Path) -> Iterator[Server]:
    """The installed module ``mine`` 1.0.0, beside a module that nobody touches."""
    hub("install", str(write_module(tmp_path / "mine", "1.0.0")), home=home)
    with Server(home, {"mine": {"init_args": {"directory": None}}, "probe": {}}) as server:
        yield server


def control(server: Server, *words: str, check: bool = True) -> str:
    done = hub("serving", *words, "-p", str(server.port), home=server.home, check=check)
    return done.stdout + done.stderr


def test_a_new_version_is_served_after_reload_and_no_request_fails(mine: Server, tmp_path: Path) -> None:
    hub("install", str(write_module(tmp_path / "mine", "1.1.0")), home=mine.home)
    with load_on(mine, "mine") as seen:
        time.sleep(0.5)
        said = control(mine, "reload", "mine")
        time.sleep(0.5)

    assert "mine 1.1.0 serves (generation 2)" in said
    assert {code for code, _ in seen} == {200}
    assert (seen[0][1], seen[-1][1]) == ("1.0.0", "1.1.0")


def test_a_version_that_does_not_load_leaves_the_old_one_serving(mine: Server, tmp_path: Path) -> None:
    hub(
        "install",
        str(write_module(tmp_path / "mine", "1.1.0", "raise ValueError('no weights')")),
        home=mine.home,
    )
    with load_on(mine, "mine") as seen:
        said = control(mine, "reload", "mine", check=False)

    assert "no weights" in said
    assert set(seen) == {(200, "1.0.0")}
    assert mine.module("mine").state == "READY"


def test_reload_of_a_failed_module_starts_it_again(home: Path, tmp_path: Path) -> None:
    folder = write_module(tmp_path / "mine", "1.0.0", "raise ValueError('no weights')")
    with Server(home, {"mine": {"init_args": {"directory": str(folder)}}, "probe": {}}) as server:
        assert server.post("mine", {}).status_code == 503
        write_module(folder, "1.0.0")
        control(server, "reload", "mine")

        assert server.post("mine", {}).json()["results"] == "1.0.0"


def test_uninstalling_a_served_module_leaves_the_server_its_files(mine: Server) -> None:
    hub("uninstall", "mine", home=mine.home)
    mine.kill_runner("mine")

    assert mine.post("mine", {}).json()["results"] == "1.0.0"


def test_a_module_can_be_loaded_and_unloaded(mine: Server) -> None:
    hub("install", str(MODULES / "greet"), home=mine.home)
    before = mine.post("greet", {"names": ["a"]}).status_code
    control(mine, "load", "greet==1.0.0")
    loaded = mine.post("greet", {"names": ["a"]}).status_code
    control(mine, "unload", "greet")
    after = mine.post("greet", {"names": ["a"]}).status_code

    assert (before, loaded, after) == (404, 200, 404)


def test_unload_lets_running_requests_finish(mine: Server) -> None:
    replies: list[int] = []
    caller = threading.Thread(target=lambda: replies.append(mine.post("probe", {"sleep": 1.0}).status_code))
    caller.start()
    time.sleep(0.3)
    control(mine, "unload", "probe")
    caller.join(10)

    assert replies == [200]


def test_loading_what_is_not_installed_is_an_error_and_changes_nothing(mine: Server) -> None:
    said = control(mine, "load", "greet", check=False)

    assert "hub install" in said
    assert set(mine.state().modules) == {"mine", "probe"}


def test_scale_changes_the_number_of_runners_and_no_request_fails(mine: Server) -> None:
    with load_on(mine, "mine") as seen:
        control(mine, "scale", "mine", "3")
        more = len(mine.runner_pids("mine"))
        control(mine, "scale", "mine", "1")
        wait_until(lambda: len(mine.module("mine").runners) == 1, what="one runner left")

    assert more == 3
    assert {code for code, _ in seen} == {200}


def test_the_config_file_is_read_again_by_reload(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        path = home / f"config-{server.port}.json"
        config = json.loads(path.read_text())
        config["modules_info"]["probe"]["init_args"]["greeting"] = "welcome"
        config["modules_info"]["greet"] = {"init_args": {"directory": str(MODULES / "greet")}}
        config["max_body_mb"] = 1
        path.write_text(json.dumps(config))
        said = control(server, "reload")

        assert server.post("probe", {}).json()["results"]["greeting"] == "welcome"
        assert server.post("greet", {"names": ["a"]}).status_code == 200
        assert "restart the server for: max_body_mb" in said


def test_a_broken_config_file_changes_nothing(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        (home / f"config-{server.port}.json").write_text("{")

        assert "not JSON" in control(server, "reload", check=False)
        assert server.post("probe", {}).status_code == 200


def test_status_tells_what_the_server_does(mine: Server) -> None:
    caller = threading.Thread(target=lambda: mine.post("probe", {"sleep": 5}))
    caller.start()

    def probe_while_called() -> dict[str, Any] | None:
        report = json.loads(hub("serving", "status", "-p", str(mine.port), "--json", home=mine.home).stdout)
        probe: dict[str, Any] = next(module for module in report["modules"] if module["name"] == "probe")
        return probe if probe["in_flight"] and probe["memory_mb"] else None

    probe = wait_until(probe_while_called, what="a request in flight")
    caller.join()

    assert (probe["state"], probe["runners"], probe["in_flight"], probe["version"]) == (
        "READY",
        "1/1",
        1,
        "1.0.0",
    )
    assert probe["memory_mb"] > 1


def test_status_as_a_table_has_a_line_per_module(mine: Server) -> None:
    said = control(mine, "status")

    assert "mine" in said
    assert "READY" in said


def test_commands_to_no_server_say_so(home: Path) -> None:
    done = hub("serving", "status", "-p", "9", home=home, check=False)

    assert done.returncode == 1
    assert "No server is running on port 9." in done.stderr


def test_a_worn_runner_is_replaced_without_losing_a_request(home: Path) -> None:
    with Server(home, {"probe": {}}, max_requests=20) as server:
        first = server.runner_pids("probe")
        with load_on(server, "probe") as seen:
            wait_until(lambda: server.runner_pids("probe") not in ([], first), 15, "another runner")

        assert {code for code, _ in seen} == {200}
        assert server.module("probe").restarts == 0


def test_a_runner_that_grows_above_max_memory_mb_is_replaced(home: Path, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(GROWS)
    with Server(home, {"mine": {"init_args": {"directory": str(tmp_path)}}}, max_memory_mb=150) as server:
        first = server.runner_pids("mine")
        assert server.post("mine", {}).json()["results"] == 200_000_000

        wait_until(lambda: server.runner_pids("mine") not in ([], first), 30, "another runner")
        assert server.module("mine").restarts == 0


def test_the_control_socket_is_the_users_alone(mine: Server) -> None:
    record = mine.pid_file()
    assert record is not None
    run_dir = Path(record["run_dir"])

    assert (run_dir.stat().st_mode & 0o777, (run_dir / "control.sock").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


def test_a_watched_folder_is_served_as_it_is_edited_and_no_request_fails(home: Path, tmp_path: Path) -> None:
    folder = write_module(tmp_path / "mine", "1.0.0")
    entry = {"mine": {"init_args": {"directory": str(folder)}}}
    with Server(home, entry, watch=True) as server, load_on(server, "mine") as seen:

        def reason() -> str:
            return str(server.get("/health/ready").json()["modules"]["mine"].get("reason", ""))

        write_module(folder, "1.1.0", "pass (")
        wait_until(lambda: "cannot be read as Python" in reason())
        write_module(folder, "1.1.0", "pass\n    missing")
        wait_until(lambda: "'missing' is not defined (module.py, line 8)" in reason())
        assert "'missing' is not defined" in server.get("/api/modules").json()["modules"][0]["reason"]
        assert seen[-1] == (200, "1.0.0")
        write_module(folder, "1.2.0")
        wait_until(lambda: seen[-1][1] == "1.2.0" and "watch: mine 1.2.0 serves" in server.log())

        assert reason() == ""
        assert {code for code, _ in seen} == {200}
        log = server.log()
    assert "module.py has changed; loading it again" in log
    assert "watch: mine: reload failed: " in log
