"""The ``hub`` command as a user types it: a real process in a private home."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.registry.archives import Web

ROOT = Path(__file__).resolve().parents[2]
Hub = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    def run(
        *words: object, python: str | Path = sys.executable, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-m", "hub", *map(str, words)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()
