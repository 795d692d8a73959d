"""Servers with engine ray, and a cluster for them; all on this machine, and as small as they can be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from hub import settings
from tests.serving.running import ROOT, Server, wait_until

#: Starting Ray, or a replica, takes seconds; on a busy machine many of them.
START_SECONDS = 180.0


class RayServer(Server):
    """``hub serving start`` with engine ray; it shares the weights that are fetched on this machine."""

    def __init__(self, home: Path, modules: dict[str, dict[str, Any]], **options: Any) -> None:
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "weights").exists():
            (home / "weights").symlink_to(self.weights())
        self.grpc_port = options.get("grpc_port", 0)
        super().__init__(home, modules, wait=False, engine="ray", **options)
        try:
            self.wait_settled(START_SECONDS)
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def weights() -> Path:
        """The weights that are fetched on this machine."""
        folder = settings.hub_home() / "weights"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def stop(self) -> int:
        """Ray's processes take a while to go."""
        self.session.close()
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(90)


class SimulatedCluster:
    """A head node without room for replicas, and ``nodes`` with room for one each."""

    def __init__(self, nodes: int, folder: Path) -> None:
        self._log = (folder / "cluster.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.serving.ray.cluster_process", str(nodes)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        try:
            self.address = str(self._answer()["address"])
        except BaseException:
            self.close()
            raise

    def add_node(self) -> None:
        self._do("add")

    def kill_node(self, number: int = 0) -> None:
        """As if its machine lost power."""
        self._do(f"kill {number}")

    def _do(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while True:
            line = self._process.stdout.readline()
            assert line, f"the cluster ended; see {self._log.name}"
            if line.startswith("{"):  # Ray may say something too
                answer: dict[str, Any] = json.loads(line)
                return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def lose_a_node(server: RayServer, cluster: SimulatedCluster, name: str, load: Load, answers: int) -> None:
    """Kill one of two nodes, and wait until both replicas are there again and have given more answers."""
    cluster.kill_node()
    wait_until(lambda: server.module(name).restarts >= 1, START_SECONDS, "the death counted")
    wait_until(lambda: len(server.runner_pids(name)) == 2, START_SECONDS, "a replica on the other node")
    before = load.codes[200]
    wait_until(lambda: load.codes[200] > before + answers, START_SECONDS)


def ask_at_once(url: str, body: dict[str, Any], number: int, *, seconds: float) -> list[requests.Response]:
    """The same request ``number`` times at the same time, each wanted within ``seconds``."""
    headers = {"X-Request-Timeout": str(seconds)}
    with ThreadPoolExecutor(number) as pool:
        return list(
            pool.map(lambda _: requests.post(url, json=body, headers=headers, timeout=60), range(number))
        )


@dataclass
class Load:
    """Clients that ask one thing after another until they are told to stop.

    Attributes:
        codes: HTTP code → answers; an exception counts under its name.
        messages: what answers other than 200 said.
    """

    url: str
    body: dict[str, Any]
    clients: int = 3
    codes: Counter[Any] = field(default_factory=Counter)
    messages: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            while not self._is_over.is_set():
                self._ask(session)

    def _ask(self, session: requests.Session) -> None:
        try:
            reply = session.post(self.url, json=self.body, timeout=120)
        except requests.RequestException as error:
            self.codes[type(error).__name__] += 1
            return
        self.codes[reply.status_code] += 1
        if reply.status_code != 200:
            self.messages.add(reply.json()["msg"])
            time.sleep(0.05)
