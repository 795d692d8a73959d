"""Processes that a module starts end with whom they work for, however that one ends."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hub.serving.process import procfs
from tests.serving.running import Server, wait_until

#: Starts three processes: one as it comes, one in a group and one in a session of its own.
SOURCE = """
import subprocess
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="family", version="1.0.0")
class Family(Module):
    def _initialize(self):
        options = ({}, {"process_group": 0}, {"start_new_session": True})
        self.children = [subprocess.Popen(["sleep", "600"], **each) for each in options]

    @serving
    def pids(self):
        return [child.pid for child in self.children]
"""

Processes = list[tuple[int, int]]


def start(home: Path, tmp_path: Path, port: int = 0) -> Server:
    folder = tmp_path / "family"
    folder.mkdir(exist_ok=True)
    (folder / "module.py").write_text(SOURCE)
    return Server(home, {"family": {"init_args": {"directory": str(folder)}}}, port=port)


def helpers(server: Server) -> Processes:
    return [(pid, procfs.started(pid) or 0) for pid in server.post("family", {}).json()["results"]]


def alive(processes: Processes) -> Processes:
    return [(pid, started) for pid, started in processes if procfs.started(pid) == started]


def test_what_a_module_started_ends_with_its_runner_or_with_the_server(home: Path, tmp_path: Path) -> None:
    with start(home, tmp_path) as server:
        children = helpers(server)
        before = len(alive(children))
        server.kill_runner("family")
        wait_until(lambda: len(alive(children)) == 1, what="the helpers of its session gone")
        children += helpers(server)

    assert (before, alive(children)) == (3, [])


@pytest.mark.parametrize("is_runner_killed", [pytest.param(False, marks=pytest.mark.slow), True])
def test_the_next_start_ends_what_a_killed_server_left(
    home: Path, tmp_path: Path, is_runner_killed: bool
) -> None:
    with start(home, tmp_path) as server:
        children = helpers(server)
        runner = server.runner_pids("family")
        server.session.close()
        os.kill(server.process.pid, signal.SIGKILL)
        if is_runner_killed:
            os.kill(runner[0], signal.SIGKILL)
        else:  # it ends those of its session by itself
            wait_until(lambda: len(alive(children)) == 1, what="the helpers of its session gone")
        server.process.wait(10)
        left = alive(children)
        with start(home, tmp_path, server.port):
            after = alive(children)

    assert len(left) == (3 if is_runner_killed else 1)
    assert after == []
