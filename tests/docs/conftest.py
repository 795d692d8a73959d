"""What the tests of documents share: users who have set nothing up, and their terminals."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.terminal import Terminal
from tests.serving.running import ROOT


def folder_of_commands(folder: Path, **commands: str) -> str:
    """PATH with a folder in front in which these commands are."""
    folder.mkdir()
    for name, command in commands.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has set nothing up; pip's own configuration stays."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HUB_", "PYTHON", "VIRTUAL"))
    }
    (tmp_path / "user").mkdir()
    settings = os.environ.get("XDG_CONFIG_HOME", str(Path.home() / ".config"))
    return {**kept, "HOME": str(tmp_path / "user"), "XDG_CONFIG_HOME": settings}


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Callable[[Path, dict[str, str]], Terminal]]:
    opened: list[Terminal] = []

    def start(folder: Path, environment: dict[str, str]) -> Terminal:
        opened.append(Terminal(folder, environment, tmp_path / "errors"))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.fixture
def clean(tmp_path: Path, user: dict[str, str]) -> dict[str, str]:
    """The same, with a ``python3`` that has no packages."""
    python3 = shlex.quote(str(Path(sys.base_prefix, "bin", "python3").resolve()))
    return {**user, "PATH": folder_of_commands(tmp_path / "python3", python3=python3)}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository's files, as a user gets them."""
    place = tmp_path / "checkout"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in files.split("\0")[:-1]:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
    return place
