"""PID files, which outlive servers: those of every released version are read."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from hub.errors import NotRunningError, ServerError, StartupError
from hub.serving.messages import state
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import READY, ModuleState, ProcessState, ServerState
from hub.serving.process import pidfile, private_tmp, procfs
from hub.serving.process.pidfile import PidFile
from tests.serving.running import wait_until

pytestmark = pytest.mark.unit

#: As version 0.1.0 wrote them. Never to be changed: such files are on users' disks.
OF_0_1_0 = (
    '{"pid": 4242, "module": ["ocr_system", "lac"], "start_time": 1760000000.25, "started": 987654, '
    '"boot_id": "3f0c2a4e-0000-4000-8000-000000000000", "host": "127.0.0.1", "port": 8866, '
    '"run_dir": "/tmp/hub-abcdefgh", "graceful_timeout": 60.0}'
)
RECORD = PidFile(
    pid=4242,
    module=("ocr_system", "lac"),
    start_time=1760000000.25,
    started=987654,
    boot_id="3f0c2a4e-0000-4000-8000-000000000000",
    host="127.0.0.1",
    port=8866,
    run_dir="/tmp/hub-abcdefgh",
    graceful_timeout=60.0,
)
#: The record at hand of a test whose action takes none.
RECORD_OF: list[PidFile] = []


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of PID files in a home of the test's own."""
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    folder = tmp_path / "conf"
    folder.mkdir()
    return folder


def own(run_dir: Path, port: int = 8866) -> PidFile:
    """Return the record of this very process."""
    return replace(
        RECORD,
        pid=os.getpid(),
        started=procfs.started(os.getpid()) or 0,
        boot_id=procfs.boot_id(),
        run_dir=str(run_dir),
        port=port,
    )


def test_a_file_of_version_0_1_0_is_read(conf: Path) -> None:
    (conf / "serving_8866.json").write_text(OF_0_1_0)

    assert pidfile.read(8866) == RECORD


def test_a_file_with_a_field_that_a_later_version_added_is_read(conf: Path) -> None:
    (conf / "serving_8866.json").write_text(OF_0_1_0[:-1] + ', "socket_family": "inet6"}')

    assert pidfile.read(8866) == RECORD
    assert pidfile.records() == [RECORD]


def test_the_fields_of_version_0_1_0_are_still_written(conf: Path) -> None:
    pidfile.write(RECORD)
    written = json.loads((conf / "serving_8866.json").read_text())

    assert written.items() >= json.loads(OF_0_1_0).items()


def test_only_its_user_may_read_a_file(conf: Path) -> None:
    pidfile.write(RECORD)

    assert (conf / "serving_8866.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 1}', OF_0_1_0.replace("4242", '"4242"')])
def test_what_is_not_a_pid_file_is_refused_by_name_and_left_out_of_the_list(conf: Path, text: str) -> None:
    (conf / "serving_8866.json").write_text(text)
    with pytest.raises(NotRunningError, match=r"serving_8866\.json is not a PID file of HubServing"):
        pidfile.read(8866)

    assert pidfile.records() == []


def test_records_are_sorted_by_port(conf: Path) -> None:
    for port in (9000, 8866, 8900):
        pidfile.write(replace(RECORD, port=port))

    assert [record.port for record in pidfile.records()] == [8866, 8900, 9000]


def test_a_home_that_cannot_be_written_is_an_error_that_names_hub_home(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_HOME", str(conf / "file"))
    (conf / "file").write_text("no folder")
    with pytest.raises(StartupError, match="set HUB_HOME to a folder that can be written"):
        pidfile.write(RECORD)


def test_a_server_runs_only_if_pid_start_time_and_boot_all_match(tmp_path: Path) -> None:
    record = own(tmp_path)

    assert record.is_running()
    assert not replace(record, started=record.started + 1).is_running()
    assert not replace(record, boot_id="another").is_running()
    assert not replace(record, pid=4_194_304).is_running()


def test_a_server_that_died_is_not_running_though_its_file_is_there(conf: Path) -> None:
    pidfile.write(RECORD)
    with pytest.raises(NotRunningError, match=r"port 8866 \(pid 4242\) is not running any more"):
        pidfile.running(8866)


def test_removing_leaves_the_file_of_another_server_that_took_the_port(conf: Path, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    pidfile.write(replace(RECORD, pid=1))
    pidfile.remove(replace(RECORD, run_dir=str(run_dir)))

    assert (conf / "serving_8866.json").exists()
    assert not run_dir.exists()


def test_sweeping_removes_dead_servers_and_keeps_those_that_run(conf: Path, tmp_path: Path) -> None:
    pidfile.write(replace(RECORD, run_dir=str(tmp_path / "gone")))
    pidfile.write(own(tmp_path, port=9000))
    pidfile.sweep()

    assert [record.port for record in pidfile.records()] == [9000]


def test_children_are_those_of_state_json_on_this_machine(tmp_path: Path) -> None:
    here, there = ProcessState(7, 70), ProcessState(8, 80, node="node-2")
    module = ModuleState("echo", "1", READY, runners=(ProcessState(9, 90, "runner"), there))
    state.write(RunDir(tmp_path).state, ServerState({"echo": module}, (here,)))

    assert own(tmp_path).children() == [(7, 70), (9, 90)]


@pytest.mark.parametrize("text", ["{", '{"version_of_hubserving": "9.8.7"}'])
def test_a_state_that_cannot_be_read_has_no_children(tmp_path: Path, text: str) -> None:
    RunDir(tmp_path).state.write_text(text)

    assert own(tmp_path).children() == []
    assert own(tmp_path).server_state() is None


# -- which ports have a server ----------------------------------------------------------------------


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PidFile:
    """This process as if it were the server on port 8868."""
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    started = procfs.started(os.getpid())
    assert started is not None
    return PidFile(os.getpid(), ("probe",), 0.0, started, procfs.boot_id(), "127.0.0.1", 8868, str(tmp_path))


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


def test_children_of_another_versions_server_are_known_by_the_name_of_its_run_dir(tmp_path: Path) -> None:
    RunDir(tmp_path).state.write_text('{"version_of_hubserving": "9.8.7"}')
    sleep = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", sleep, "hub.serving.runner", str(tmp_path)]) as child:
        try:
            expected = [(child.pid, procfs.started(child.pid))]
            wait_until(lambda: own(tmp_path).children() == expected)  # its words show a moment after exec
        finally:
            child.kill()


# -- servers of others -----------------------------------------------------------------------------


@pytest.mark.parametrize("act", [pidfile.running, pidfile.stop])
def test_another_users_server_is_said_to_be_that_users_and_left_alone(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Any
) -> None:
    pidfile.write(own(tmp_path / "run"))
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setattr(procfs, "owner", lambda pid: 0)
    with pytest.raises(NotRunningError) as refused:
        act(8866)

    assert "not yours: it belongs to user root, who can stop it" in str(refused.value)
    assert (conf / "serving_8866.json").exists()


def test_a_pid_file_that_may_not_be_read_names_its_owner(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (conf / "serving_8866.json").write_text("{}")
    monkeypatch.setattr(Path, "read_text", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(NotRunningError, match="it belongs to user root"):
        pidfile.read(8866)


@pytest.mark.parametrize("clean", [pidfile.sweep, lambda: pidfile.remove(RECORD_OF[0])])
def test_a_run_dir_that_a_live_process_holds_is_never_touched(conf: Path, tmp_path: Path, clean: Any) -> None:
    held = private_tmp.make("held")
    try:
        RECORD_OF[:] = [replace(RECORD, run_dir=str(held.path), port=8868)]
        pidfile.write(RECORD_OF[0])
        clean()

        assert held.path.is_dir()
        assert not (conf / "serving_8868.json").exists()
    finally:
        held.remove()


def test_a_run_dir_that_nobody_holds_goes_with_its_file(conf: Path, tmp_path: Path) -> None:
    left = tmp_path / "hub-left"
    left.mkdir()
    pidfile.write(replace(RECORD, run_dir=str(left)))
    pidfile.sweep()

    assert not left.exists()


def test_a_server_that_does_not_end_keeps_its_files(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = own(tmp_path / "run")
    pidfile.write(record)
    monkeypatch.setattr(procfs, "send_signal", lambda *_: False)
    monkeypatch.setattr(procfs, "wait_gone", lambda processes, deadline: processes)
    with pytest.raises(ServerError, match="does not end; its files stay"):
        pidfile.stop(8866, force_after=0)

    assert (conf / "serving_8866.json").exists()


# -- who has a port --------------------------------------------------------------------------------


def test_a_port_of_ours_is_said_to_be_ours_with_the_command_that_frees_it(conf: Path, tmp_path: Path) -> None:
    pidfile.write(own(tmp_path / "run"))
    said = f"HubServing (pid {os.getpid()}: ocr_system, lac) has it; stop it: hub serving stop -p 8866"

    assert pidfile.holder(8866) == said


def test_a_port_of_another_program_is_said_to_be_its(conf: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        who = f"process {os.getpid()} ("

        assert f"On it listens {who}" in pidfile.holder(port)
        with pytest.raises(
            NotRunningError, match=rf"^No server is running on port {port}\. None.*{re.escape(who)}"
        ):
            pidfile.read(port)
    assert pidfile.holder(port) == ""
