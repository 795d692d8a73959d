"""One HubServing server in a private home, started as a user would and stopped at the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from benchmarks import machine
from hub.registry.weights import fetch

MODULES = machine.ROOT / "benchmarks" / "modules"
READY_SECONDS = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path, certificate: str = "") -> None:
    """Ask until it answers 200; raises RuntimeError with the log if it ends or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5, verify=certificate or True).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} does not get ready:\n{log.read_text()[-4000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM; what is left of its session after 20 s is killed."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class HubServer:
    """``hub serving start`` with a config of its own; ``modules`` as in ``modules_info``.

    ``wrapper`` are words before the command, which give it a /tmp of its own; its home is then elsewhere.
    ``weights`` are those that the modules need; they are fetched once for all homes. ``tree`` is where
    another HubServing lies. With the setting ``certfile`` it is asked by https whether it is ready.
    """

    def __init__(
        self,
        modules: dict[str, dict[str, Any]],
        *,
        install: bool = False,
        wrapper: Sequence[str] = (),
        weights: Sequence[str] = (),
        tree: Path = machine.ROOT,
        **settings: Any,
    ) -> None:
        self.port = free_port()
        self.is_confined = bool(wrapper)
        homes = machine.ROOT / "build" if wrapper else None
        if homes is not None:
            homes.mkdir(exist_ok=True)
        self.home = Path(tempfile.mkdtemp(prefix="hub-bench-", dir=homes))
        if weights:
            (self.home / "weights").symlink_to(fetch(weights)[weights[0]].parent)
        self._environment = {**os.environ, "HUB_HOME": str(self.home), "PYTHONPATH": str(tree)}
        info = {}
        for name, entry in modules.items():
            where = {} if install else {"directory": str(MODULES / name)}
            info[name] = {**entry, "init_args": {**where, **entry.get("init_args", {})}}
            if install:
                self.hub("install", str(MODULES / name))
        config = {"modules_info": info, "port": self.port, **settings}
        (self.home / "config.json").write_text(json.dumps(config))
        self.log = self.home / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*wrapper, *self._command("serving", "start", "-c", str(self.home / "config.json"))],
                env=self._environment,
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        certificate = settings.get("certfile", "")
        self._scheme = "https" if certificate else "http"
        try:
            wait_until_ready(f"{self.url}/health/ready", self.process, self.log, certificate)
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """Supervisor first, then the gateway, its workers and the runners."""
        return machine.tree(self.process.pid)

    def hub(self, *words: str) -> str:
        """Run a ``hub`` command to its end and return what it printed. Raises CalledProcessError."""
        return subprocess.run(
            self._command(*words),
            env=self._environment,
            cwd=self.home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=True,
        ).stdout

    def state(self) -> dict[str, Any]:
        """Read the supervisor's state.json."""
        state: dict[str, Any] = json.loads(self.inside(self.run_dir / "state.json").read_text())
        return state

    @property
    def run_dir(self) -> Path:
        """As the server names it."""
        record = json.loads((self.home / "conf" / f"serving_{self.port}.json").read_text())
        return Path(record["run_dir"])

    def inside(self, path: Path) -> Path:
        """Return where a path of the server's own is seen from here."""
        return Path(f"/proc/{self.process.pid}/root{path}")

    def stop(self) -> None:
        stop(self.process)
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @staticmethod
    def _command(*words: str) -> list[str]:
        return [sys.executable, "-m", "hub", *words]
