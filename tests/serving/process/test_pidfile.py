"""Which ports have a server, and what is said of one that has none."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import NotRunningError
from hub.serving.process import pidfile, procfs
from hub.serving.process.pidfile import PidFile


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PidFile:
    """This process as if it were the server on port 8868."""
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    started = procfs.started(os.getpid())
    assert started is not None
    return PidFile(os.getpid(), ["probe"], 0.0, started, procfs.boot_id(), "127.0.0.1", 8868, str(tmp_path))


def test_the_ports_that_have_a_server_are_named(record: PidFile) -> None:
    pidfile.write(record)
    pidfile.write(replace(record, port=8869))
    pidfile.write(replace(record, port=8870, boot_id="of another boot"))

    with pytest.raises(NotRunningError, match=r"^No server is running on port 8866\. Running: 8868, 8869\.$"):
        pidfile.read(8866)
    assert pidfile.running(8868) == record


def test_without_any_server_the_home_is_named(record: PidFile, tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match=rf"on port 8866\. None is running for {tmp_path}\.$"):
        pidfile.running(8866)
