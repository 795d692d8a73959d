"""``hub serving`` beside a server that another version of HubServing runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.main import hub
from hub.errors import ServerError
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import pidfile, procfs

pytestmark = pytest.mark.unit


def test_status_of_another_versions_server_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    started = procfs.started(os.getpid())
    assert started is not None
    record = pidfile.PidFile(
        os.getpid(), ("echo",), 0.0, started, procfs.boot_id(), "127.0.0.1", 8866, str(tmp_path)
    )
    pidfile.write(record)
    RunDir(tmp_path).state.write_text(json.dumps({"version_of_hubserving": "9.8.7"}))

    result = CliRunner().invoke(hub, ["serving", "status"])

    assert isinstance(result.exception, ServerError)
    assert "runs HubServing 9.8.7" in str(result.exception)
    assert "hub serving stop" in str(result.exception)
