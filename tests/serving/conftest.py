"""Servers that several tests share; a test that harms its server starts its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """probe and greet, one runner each; no test may harm it."""
    home: Path = tmp_path_factory.mktemp("home")
    with Server(
        home, {"probe": {}, "greet": {}}, max_body_mb=1, max_images=4, max_pixels=1_000_000
    ) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
