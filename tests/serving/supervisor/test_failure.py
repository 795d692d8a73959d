"""A module that was given up: what makes it worth another try."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.serving.supervisor.failure import Failure

pytestmark = pytest.mark.unit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "weights").mkdir()
    (tmp_path / "module.py").write_text("first")
    (tmp_path / "weights" / "a.bin").write_bytes(b"a")
    return tmp_path


def test_a_failure_that_may_pass_is_always_worth_a_try(folder: Path) -> None:
    assert Failure.of(folder, is_final=False).is_worth_a_try()


def test_a_final_failure_is_not_while_the_files_are_the_same(folder: Path) -> None:
    failure = Failure.of(folder, is_final=True)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "module.pyc").touch()

    assert not failure.is_worth_a_try()


@pytest.mark.parametrize("change", ["edit", "touch", "add", "remove", "all"])
def test_a_final_failure_is_worth_a_try_after_a_change_of_files(folder: Path, change: str) -> None:
    failure = Failure.of(folder, is_final=True)
    if change == "edit":
        (folder / "module.py").write_text("second")
    elif change == "touch":
        os.utime(folder / "weights" / "a.bin", ns=(1, 1))
    elif change == "add":
        (folder / "params.py").touch()
    elif change == "remove":
        (folder / "weights" / "a.bin").unlink()
    else:
        folder.rename(folder.with_name("away"))

    assert failure.is_worth_a_try()
