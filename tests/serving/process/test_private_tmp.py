"""The folder for a process's sockets: where it is, and where it cannot be."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import StartupError
from hub.serving.process.private_tmp import PrivateFolder

pytestmark = pytest.mark.unit


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for sockets; pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    folder = tmp_path / ("d" * 100)
    folder.mkdir()
    return folder


def test_a_temporary_folder_that_is_too_deep_for_sockets_is_not_used(
    deep: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TMPDIR", str(deep))
    folder = PrivateFolder("hub")
    folder.remove()

    assert folder.path.parent == Path("/tmp")
    assert f"TMPDIR {deep} is not used" in caplog.text


def test_a_place_that_was_asked_for_and_is_too_deep_is_an_error(deep: Path) -> None:
    with pytest.raises(StartupError, match=f"runtime_dir {deep} cannot be used: its path is too long"):
        PrivateFolder("hub", place=deep)


def test_a_full_disk_is_an_error_that_leaves_nothing(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with pytest.raises(StartupError, match=f"cannot write in {short}: No space left on device; "):
        PrivateFolder("hub", place=short)

    assert list(short.iterdir()) == []


def test_a_folder_that_was_removed_is_made_again_and_locked(short: Path) -> None:
    folder = PrivateFolder("hub", place=short)
    folder.path.rmdir()
    folder.renew()

    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()
    assert list(short.iterdir()) == []
