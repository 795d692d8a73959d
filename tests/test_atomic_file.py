"""Files that are replaced in one step."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hub import atomic_file

pytestmark = pytest.mark.unit


def test_write_replaces_text_and_bytes_and_leaves_nothing_beside(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    atomic_file.write(file, "一\n")
    assert file.read_bytes() == "一\n".encode()
    atomic_file.write(file, b"\x00", durable=True)
    assert file.read_bytes() == b"\x00"
    assert list(tmp_path.iterdir()) == [file]


def test_the_mode_is_limited_by_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        atomic_file.write(tmp_path / "open", "")
        atomic_file.write(tmp_path / "private", "", mode=0o600)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("open", "private")]
    assert modes == [0o644, 0o600]


def test_a_failure_leaves_the_old_content_and_nothing_beside(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with pytest.raises(ValueError, match="half"), atomic_file.replacing(file) as fresh:
        fresh.write_text("new, but only")
        raise ValueError("half of it")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_readers_never_see_a_part(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with atomic_file.replacing(file) as fresh:
        fresh.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
