from __future__ import annotations

import fcntl
import os
from collections import namedtuple
from pathlib import Path

import pytest

from hub.errors import StorageFullError
from hub.serving.jobs.folder import JobsFolder
from hub.serving.jobs.predecessor import wait_for_the_end
from hub.serving.jobs.schema import UnusableError
from hub.serving.messages.jobs_dir import JobsDir
from hub.serving.process import disk_room, procfs
from hub.serving.process.private_tmp import PrivateFolder

pytestmark = pytest.mark.unit
Usage = namedtuple("Usage", "total used free")


def opened(path: Path, max_bytes: float = 1e9) -> JobsFolder:
    return JobsFolder(JobsDir(path / "8866"), max_bytes)


def test_only_its_user_can_look_into_the_folder(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    modes = {each.stat().st_mode & 0o777 for each in (folder.paths.path, folder.paths.files)}
    assert modes == {0o700}


def test_a_folder_that_another_server_holds_is_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    with pytest.raises(UnusableError, match="another server has the jobs"):
        opened(tmp_path)
    folder.release()
    opened(tmp_path).release()


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(UnusableError, match="file system with locks: jobs_dir"):
        opened(tmp_path)


def test_a_body_over_max_jobs_gb_is_refused(tmp_path: Path) -> None:
    folder = opened(tmp_path, max_bytes=10_000)
    folder.require_room(9_000)
    with pytest.raises(StorageFullError, match="max_jobs_gb"):
        folder.require_room(2_000)


@pytest.mark.parametrize(
    ("total", "free"), [(4e9, 0.9e9), (1e12, 49e9)], ids=["less than 1 GB", "less than 5 %"]
)
def test_the_last_gigabyte_and_the_last_twentieth_of_the_disk_stay_free(total: float, free: float) -> None:
    with pytest.raises(StorageFullError, match="jobs_dir"):
        disk_room.require(Path("/"), usage=lambda _: Usage(total, 0, free))
    disk_room.require(Path("/"), usage=lambda _: Usage(total, 0, max(1e9, total / 20)))


def test_a_sweep_leaves_what_is_needed(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    for id in ("needed", "gone"):
        folder.paths.of(id).mkdir()
    for name in ("1-0-1", f"{os.getpid()}-0-1", "nonsense"):
        (folder.paths.incoming / name).write_text("of a gateway that is gone")
    mine = f"{os.getpid()}-{procfs.started(os.getpid())}-1"
    (folder.paths.incoming / mine).write_text("is being received")
    folder.sweep_incoming()
    assert [each.name for each in folder.paths.incoming.iterdir()] == [mine]
    folder.sweep({"needed"})
    assert [each.name for each in folder.paths.files.iterdir()] == ["needed"]
    assert [each.name for each in folder.paths.incoming.iterdir()] == [mine]


def test_a_server_whose_supervisor_lives_keeps_its_jobs(tmp_path: Path) -> None:
    paths = JobsDir(tmp_path / "8866")
    paths.make()
    others = PrivateFolder("hub")
    wait_for_the_end(paths, others.path)
    with pytest.raises(UnusableError, match="another server has the jobs"):
        wait_for_the_end(paths, tmp_path / "mine")
    others.remove()
    wait_for_the_end(paths, tmp_path / "mine")
    assert paths.server.read_text() == str(tmp_path / "mine")
