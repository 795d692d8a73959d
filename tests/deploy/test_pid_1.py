"""The server as PID 1 of a container, without an init process, by a user who is not root."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.deploy import containers
from tests.deploy.containers import Container
from tests.serving.running import MODULES, environment, free_port, wait_until


class ServerAsPid1(Container):
    def __init__(self, folder: Path, modules: dict[str, dict[str, object]], **options: object) -> None:
        self.port = free_port()
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        info = {
            name: {"init_args": {"directory": str(MODULES / name), **args}} for name, args in modules.items()
        }
        config = folder / "config.json"
        config.write_text(json.dumps({"modules_info": info, "port": self.port}))
        command = ["sh", "-c", f'exec "{sys.executable}" -m hub serving start --config "{config}" 2>&1']
        super().__init__(
            command, environment=environment(self.home), log=folder / "log", cwd=folder, **options
        )  # type: ignore[arg-type]

    def wait_ready(self) -> None:
        wait_until(lambda: "Stop it with" in self.log() or self.process.poll() is not None, 40)
        assert self.process.poll() is None, self.log() + self.errors()
        requests.get(
            f"http://127.0.0.1:{self.port}/health/live", timeout=20
        )  # the gateway comes a moment later

    def call(self, **arguments: object) -> requests.Response:
        return requests.post(f"http://127.0.0.1:{self.port}/predict/probe", json=arguments, timeout=20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    containers.needed()
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[ServerAsPid1]:
    running = ServerAsPid1(folder, {"probe": {}})
    running.wait_ready()
    yield running
    running.stop()


def test_pid_1_reaps_the_processes_that_lose_their_parents(server: ServerAsPid1) -> None:
    own = len(containers.children(server.pid))
    for _ in range(3):
        assert server.call(action="orphan").status_code == 200
    adopted = len(containers.children(server.pid))

    assert adopted > own, "no orphan came to PID 1, so this test shows nothing"
    wait_until(lambda: len(containers.children(server.pid)) == own, 5, "the orphans are gone")
    assert not server.zombies()


def test_its_own_processes_are_replaced_and_leave_no_zombie(server: ServerAsPid1) -> None:
    reply = server.call(action="crash once", marker=str(server.home / "crashed"))

    assert reply.status_code == 200
    wait_until(lambda: not server.zombies(), 5, "no zombie is left")


def test_sigterm_for_pid_1_finishes_the_running_request_and_ends_with_0(server: ServerAsPid1) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(server.call, sleep=1.5)
        time.sleep(0.5)
        server.terminate()

        assert running.result().status_code == 200
    assert server.process.wait(10) == 0


def test_sigterm_before_the_server_is_there_is_not_lost(folder: Path) -> None:
    starting = ServerAsPid1(folder, {"slow_start": {"seconds": 20.0}})
    wait_until(lambda: b"hub" in Path(f"/proc/{starting.pid}/cmdline").read_bytes())
    wait_until(lambda: _handles_sigterm(starting.pid), 10, "a handler for SIGTERM")
    is_serving = (starting.home / "conf").exists()
    starting.terminate()
    code = starting.process.wait(10)

    assert not is_serving
    assert code == 128 + signal.SIGTERM


def test_the_log_is_on_stdout_and_nothing_on_stderr(server: ServerAsPid1) -> None:
    server.call(text="x")

    assert "/predict/probe" in server.log()
    assert server.errors() == ""


def _handles_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))
