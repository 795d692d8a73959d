"""Signals as operators know them: HUP reloads, USR1 opens the logs again, QUIT ends at once."""

from __future__ import annotations

import json
import os
import pty
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from hub.serving.process import procfs
from tests.serving.running import MODULES, Server, environment, free_port, hub, wait_until


def add_greet(config: Path) -> None:
    """Have the config file name one more module."""
    keys = json.loads(config.read_text())
    keys["modules_info"]["greet"] = {"init_args": {"directory": str(MODULES / "greet")}}
    config.write_text(json.dumps(keys))


def outputs(pid: int) -> set[str]:
    return {str(Path(f"/proc/{pid}/fd/{output}").readlink()) for output in (1, 2)}


def test_hup_reloads_a_server_without_a_terminal(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        config = home / f"config-{server.port}.json"
        whole = config.read_text()
        config.write_text("{")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "not JSON" in server.log(), what="the reason why nothing has changed")
        config.write_text(whole)
        add_greet(config)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "greet 1.0.0 is served" in server.log(), what="the answer in the log")

        assert server.post("probe", {}).status_code == 200
        assert server.post("greet", {"names": ["a"]}).status_code == 200


class OnTerminal:
    """A server in the foreground of a terminal, whose other end is ``master``."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = home / "config.json"
        modules = {"probe": {"init_args": {"directory": str(MODULES / "probe")}}}
        self.config.write_text(json.dumps({"modules_info": modules, "port": self.port}))
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup of the tests' own is not the server's
            words = [sys.executable, "-m", "hub", "serving", "start", "-c", str(self.config)]
            os.execve(sys.executable, words, environment(home))
        self.started = procfs.started(self.pid) or 0
        wait_until(self.is_ready, 30, "a server")

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/ready", timeout=5).ok
        except requests.RequestException:
            return False

    def wait(self) -> int:
        if procfs.wait_gone([(self.pid, self.started)], time.monotonic() + 20):
            os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_hup_reloads_while_the_terminal_is_open_and_drains_when_it_has_closed(home: Path) -> None:
    server = OnTerminal(home)
    add_greet(server.config)
    os.kill(server.pid, signal.SIGHUP)
    url = f"{server.url}/predict/greet"
    wait_until(lambda: requests.post(url, json={"names": ["a"]}, timeout=10).ok, what="the new module")
    with ThreadPoolExecutor(1) as pool:
        url = f"{server.url}/predict/probe"
        running = pool.submit(requests.post, url, json={"sleep": 1.5}, timeout=20)
        time.sleep(0.5)
        os.close(server.master)
        code = server.wait()

    assert (code, running.result().status_code) == (0, 200)


def test_quit_ends_at_once_and_leaves_nothing(home: Path) -> None:
    with Server(home, {"probe": {}}, graceful_timeout=60) as server, ThreadPoolExecutor(1) as pool:
        processes = server.all_processes()
        running = pool.submit(server.post, "probe", {"sleep": 50})
        time.sleep(0.5)
        server.process.send_signal(signal.SIGQUIT)
        code = server.process.wait(15)

        assert code == 0
        assert not procfs.wait_gone(processes, time.monotonic() + 5)
        assert list((home / "conf").iterdir()) == []
        with pytest.raises(requests.RequestException):
            running.result()


def test_a_rotated_log_is_opened_again_by_every_process(home: Path) -> None:
    settings = {"grpc_port": free_port(), "metrics_port": free_port()}
    with Server(home, {"probe": {}}, **settings) as server:
        rotated = server.log_path.with_suffix(".1")
        server.log_path.rename(rotated)
        said = hub("serving", "logs", "--reopen", "-p", str(server.port), home=home)
        everybody = [pid for pid, _ in server.all_processes()]
        wait_until(
            lambda: all(outputs(pid) == {str(server.log_path)} for pid in everybody), what="the new file"
        )
        before = rotated.stat().st_size
        server.post("probe", {})
        wait_until(lambda: "POST /predict/probe" in server.log(), what="the line of a request")

        assert said.stdout == ""
        assert len(everybody) >= 6  # supervisor, gateway, its worker, gRPC, metrics, runner
        assert rotated.stat().st_size == before


@pytest.mark.slow
def test_a_process_that_starts_just_then_is_not_ended_by_usr1(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        first = server.kill_runner("probe")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            server.process.send_signal(signal.SIGUSR1)
            time.sleep(0.005)
        wait_until(lambda: server.runner_pids("probe") not in ([], [first]), what="another runner")

        assert server.module("probe").restarts == 1
        assert "did not load" not in server.log()
        assert {str(server.log_path)} == outputs(server.runner_pids("probe")[0])
