"""The run dir: a start without room for it, somebody who cleans it, a disk that fills up under it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.small_disk import SmallDiskServer, with_disk
from tests.serving.running import MODULES, Server, environment, hub, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def short(tmp_path: Path) -> Iterator[Path]:
    """A folder whose path is short enough for sockets; pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


def run_dir(server: Server) -> Path:
    record = server.pid_file()
    assert record is not None
    return Path(record["run_dir"])


def http_workers(server: Server) -> list[int]:
    """The children of Gunicorn's master."""
    (master,) = [each.pid for each in server.state().processes if each.role == "gateway"]
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def requests_counted(server: Server) -> float:
    found = re.search(r'hub_requests_total\{code="200",module="probe"\} (\S+)', server.get("/metrics").text)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize(
    ("options", "reason"),
    [("size=64k", "No space left on device"), ("ro", "Read-only file system"), (None, "No such file")],
)
def test_a_start_without_a_place_for_its_files_is_one_line(
    home: Path, short: Path, options: str | None, reason: str
) -> None:
    disk = short / "disk"
    if options is not None:
        disk.mkdir()
    prefix = with_disk(disk, options) if options is not None else []
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "hub", "serving", "start", "-m", "echo"],
        env={**environment(home), "TMPDIR": str(disk)},
        text=True,
        capture_output=True,
        timeout=60,
    )

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"cannot write in {disk}: {reason}" in done.stderr


def test_the_run_dir_is_in_tmpdir_and_locked_for_who_cleans_that(
    home: Path, short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(short))
    with Server(home, {"probe": {}}) as server:
        assert run_dir(server).parent == short
        descriptor = os.open(run_dir(server), os.O_RDONLY)
        with pytest.raises(BlockingIOError):  # systemd-tmpfiles leaves such a folder alone
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)
        assert server.post("probe", {}).status_code == 200
    assert list(short.iterdir()) == []


def test_a_server_whose_run_dir_was_removed_goes_on_and_replaces_what_dies(home: Path) -> None:
    hub("install", str(MODULES / "greet"), home=home)
    with Server(home, {"probe": {}}) as server:
        (master,) = [each.pid for each in server.state().processes if each.role == "gateway"]
        runner = server.runner_pids("probe")[0]
        server.session.close()
        shutil.rmtree(run_dir(server))
        wait_until((run_dir(server) / "state.json").exists, what="a new run dir")
        os.kill(master, signal.SIGKILL)
        os.kill(runner, signal.SIGKILL)
        wait_until(lambda: server.runner_pids("probe") not in ([], [runner]), what="another runner")
        wait_until(lambda: [each.pid for each in server.state().processes] != [master], what="a gateway")
        code = server.post("probe", {}).status_code
        loaded = hub("serving", "load", "greet", "-p", str(server.port), home=home).stdout

        assert code == 200
        assert "greet 1.0.0 is served" in loaded


def test_a_full_disk_under_the_counters_costs_counts_and_nothing_else(home: Path, short: Path) -> None:
    with SmallDiskServer(home, {"probe": {}, "greet": {}}, short, http_workers=1) as server:
        (first,) = http_workers(server)
        server.fill()
        codes = [server.post("probe", {}).status_code for _ in range(3)]
        codes.append(server.get("/metrics").status_code)
        workers = http_workers(server)
        server.session.close()
        os.kill(first, signal.SIGKILL)  # another one must be able to begin
        wait_until(lambda: http_workers(server) not in ([], [first]), what="another worker")
        codes += [server.post("probe", {}).status_code for _ in range(3)]
        server.make_room()

        assert codes == [200] * 7
        assert workers == [first]
        wait_until(lambda: server.post("probe", {}).ok and requests_counted(server) > 3, 20, "the counts")


def test_on_a_full_disk_a_dead_runner_is_replaced_and_the_server_ends_as_ever(
    home: Path, short: Path
) -> None:
    with SmallDiskServer(home, {"probe": {}}, short) as server:
        runner = server.runner_pids("probe")[0]
        server.fill()
        os.kill(runner, signal.SIGKILL)
        reply = server.post("probe", {})
        code = server.stop()

    assert (reply.status_code, reply.json()["results"]["pid"] != runner) == (200, True)
    assert code == 0


def test_dead_http_workers_leave_their_counts_and_no_files(home: Path) -> None:
    with Server(home, {"probe": {}}, http_workers=1) as server:
        for _ in range(3):
            server.session.close()
            (worker,) = wait_until(lambda: http_workers(server), what="a worker")
            assert server.post("probe", {}).status_code == 200
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda old=worker: http_workers(server) not in ([], [old]), what="another worker")
        assert server.post("probe", {}).status_code == 200
        wait_until(lambda: requests_counted(server) == 4, what="all requests counted")
        files = sorted(path.name for path in (run_dir(server) / "metrics").iterdir())
        (worker,) = http_workers(server)

    kinds = {name.rpartition("_")[0] for name in files}
    assert kinds == {"counter", "gauge_livemax", "gauge_livesum", "histogram"}
    assert {name.rpartition("_")[2] for name in files} == {"gone.db", f"{worker}.db"}
