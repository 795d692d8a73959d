"""A real server for tests: ``hub serving start`` on a free port of 127.0.0.1, in a private home."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from hub.serving.messages import state
from hub.serving.messages.state import ModuleState, ServerState
from hub.serving.process import procfs

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "tests" / "modules"
#: The module mine, which says its version.
SOURCE = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="mine", version="{version}")
class Mine(Module):
    def _initialize(self):
        {prepare}

    @serving
    def say(self):
        return "{version}"
"""


def write_module(folder: Path, version: str, prepare: str = "pass") -> Path:
    """The module mine in ``folder``; ``prepare`` is what it does when it is loaded."""
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "module.py").write_text(SOURCE.format(version=version, prepare=prepare))
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hub(
    *words: str, home: Path, check: bool = True, timeout: float = 60, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a ``hub`` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hub", *words],
        env=environment(home),
        cwd=cwd,
        text=True,
        capture_output=True,
        timeout=timeout,
        check=check,
    )


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HUB_HOME": str(home), "PYTHONPATH": str(ROOT)}


@contextlib.contextmanager
def pretended_card(folder: Path) -> Iterator[None]:
    """What is started within takes this machine for one with NVIDIA's driver: a library has its name."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    (folder / "libcuda.so.1").symlink_to(next(line.split()[-1] for line in lines if "/libc" in line))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_LIBRARY_PATH", str(folder))
        patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        yield


def wait_until(condition: Any, seconds: float = 15.0, what: str = "") -> Any:
    """Poll until ``condition()`` is true; its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.02)


class Server:
    """One server process and the means to ask it things and to harm it."""

    def __init__(
        self,
        home: Path,
        modules: dict[str, dict[str, Any]],
        *,
        wait: bool = True,
        cwd: Path = ROOT,
        prefix: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        """Start it; ``prefix`` is a command that runs it, such as prlimit."""
        self.port = int(settings.pop("port", 0)) or free_port()
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        info = {}
        for name, entry in modules.items():
            entry = dict(entry)
            init_args = {"directory": str(MODULES / name), **entry.pop("init_args", {})}
            info[name] = {"init_args": init_args, **entry}
        config = {"modules_info": info, "port": self.port, "graceful_timeout": 10, **settings}
        path = home / f"config-{self.port}.json"
        path.write_text(json.dumps(config))
        self.log_path = home / f"server-{self.port}.log"
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "hub", "serving", "start", "-c", str(path)],
                env=environment(home),
                cwd=cwd,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.session = requests.Session()
        if wait:
            self.wait_settled()

    # -- asking ------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_settled(self, seconds: float = 30.0) -> None:
        def settled() -> bool:
            assert self.process.poll() is None, self.log()
            modules = self.state().modules.values() if self.pid_file() else []
            return bool(modules) and all(module.state != state.LOADING for module in modules)

        wait_until(settled, seconds, "server settled")
        with contextlib.suppress(requests.RequestException):  # TLS, for one
            requests.get(f"{self.url}/health/live", timeout=20)  # the gateway takes a moment longer

    def post(
        self, module: str, body: Any = None, *, headers: dict[str, str] | None = None, **options: Any
    ) -> Any:
        options.setdefault("timeout", 30)
        options.setdefault("json", body)
        return self.session.post(f"{self.url}/predict/{module}", headers=headers, **options)

    def ask_and_leave(self, name: str, body: dict[str, Any], seconds: float) -> None:
        """Send a request and hang up after ``seconds``, without the answer."""
        content = json.dumps(body).encode()
        head = f"POST /predict/{name} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(content)}\r\n"
        with socket.create_connection(("127.0.0.1", self.port)) as client:
            client.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + content)
            time.sleep(seconds)

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=10)

    def pid_file(self) -> dict[str, Any] | None:
        try:
            data: dict[str, Any] = json.loads((self.home / "conf" / f"serving_{self.port}.json").read_text())
            return data if data["pid"] == self.process.pid else None
        except (OSError, ValueError, TypeError):  # none yet, or what a test put there
            return None

    def state(self) -> ServerState:
        record = self.pid_file()
        assert record is not None, self.log()
        return (
            state.read(Path(record["run_dir"]) / "state.json")
            if Path(record["run_dir"], "state.json").exists()
            else ServerState()
        )

    def module(self, name: str) -> ModuleState:
        return self.state().modules[name]

    def runner_pids(self, name: str) -> list[int]:
        return [runner.pid for runner in self.module(name).runners if runner.ready]

    def all_processes(self) -> list[tuple[int, int]]:
        """(pid, start time) of the supervisor, and of everything that descends from it."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return [(pid, procfs.started(pid) or 0) for pid in found]

    def log(self) -> str:
        return self.log_path.read_text()

    # -- harming -----------------------------------------------------------------------------------

    def kill_runner(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        pid = self.runner_pids(name)[0]
        os.kill(pid, number)
        return pid

    # -- ending ------------------------------------------------------------------------------------

    def stop(self) -> int:
        """SIGTERM and wait; the exit code."""
        self.session.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
