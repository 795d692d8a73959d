"""A server that is started by a command line, rather than by a config file as in tests/serving/running.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from hub.serving.messages import state
from hub.serving.messages.state import ServerState
from tests.serving.running import ROOT, environment, wait_until


class Started:
    """``hub WORDS…`` on a port of 127.0.0.1, ready."""

    def __init__(self, home: Path, port: int, *words: str, cwd: Path = ROOT, **variables: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.url = home, f"http://127.0.0.1:{port}"
        self._log, self._port = home / f"server-{port}.log", port
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub", *words],
                env={**environment(home), **variables},
                cwd=cwd,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: "Stop it with" in self.said() or self.process.poll() is not None, 110, "ready")
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self._log.read_text()

    def state(self) -> ServerState:
        record = self.home / "conf" / f"serving_{self._port}.json"
        run_dir = json.loads(record.read_text())["run_dir"]
        return state.read(Path(run_dir) / "state.json")

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return requests.post(f"{self.url}/{path}", json=body, timeout=60)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
