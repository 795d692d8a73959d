"""deploy/logrotate, as logrotate does it, with a server in the background."""

from __future__ import annotations

import getpass
import grp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hub.serving.process import pidfile, procfs
from hub.serving.process.pidfile import PidFile
from tests.serving.running import MODULES, ROOT, free_port, hub, wait_until

LOGROTATE = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = pytest.mark.skipif(LOGROTATE is None, reason="needs logrotate: apt-get install logrotate")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def daemon(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PidFile]:
    monkeypatch.setenv("HUB_HOME", str(home))
    hub("install", str(MODULES / "probe"), home=home)
    port = free_port()
    hub("serving", "start", "-m", "probe", "-p", str(port), "--daemon", home=home)
    yield pidfile.running(port)
    hub("serving", "stop", "-p", str(port), home=home)


@pytest.fixture
def configuration(home: Path, tmp_path: Path) -> Path:
    """The file with the paths and the user of this test."""
    command = tmp_path / "hub"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m hub "$@"\n')
    command.chmod(0o755)
    text = (ROOT / "deploy" / "logrotate" / "hubserving").read_text()
    for ours, here in (
        ("/opt/hubserving/bin/hub", str(command)),
        ("/var/lib/hubserving", str(home)),
        ("su hubserving hubserving", f"su {getpass.getuser()} {grp.getgrgid(os.getgid()).gr_name}"),
    ):
        assert ours in text
        text = text.replace(ours, here)
    path = tmp_path / "hubserving"
    path.write_text(text)
    path.chmod(0o644)
    return path


def test_after_a_rotation_every_process_writes_to_the_new_file(
    daemon: PidFile, configuration: Path, tmp_path: Path
) -> None:
    log = pidfile.log_path(daemon.port)
    processes = [daemon.pid, *(pid for pid, _ in daemon.children())]
    words = [str(LOGROTATE), "--force", "--state", str(tmp_path / "state"), str(configuration)]
    rotated = subprocess.run(words, text=True, capture_output=True, timeout=60)

    def all_have(path: Path) -> bool:
        outputs = [Path(f"/proc/{pid}/fd/{number}") for pid in processes for number in (1, 2)]
        return all(output.readlink() == path for output in outputs)

    assert (rotated.returncode, rotated.stderr) == (0, "")
    wait_until(lambda: all_have(log), what="the new file")
    old = log.with_suffix(".log.1")
    size = old.stat().st_size
    requests.post(f"http://127.0.0.1:{daemon.port}/predict/probe", json={}, timeout=20)
    wait_until(lambda: "/predict/probe" in log.read_text(), what="the line of a request")

    assert old.stat().st_size == size > 0
    assert procfs.started(daemon.pid) == daemon.started
