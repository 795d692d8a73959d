"""A gateway for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.gateway import apps
from tests.serving.gateway.apps import Door


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """echo and pipeline are ready, slow loads, broken has failed."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    return apps.make(tmp_path)
