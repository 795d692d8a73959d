"""A server that the tests of the Open Inference Protocol share; none of them may change it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.running import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """probe, greet (batched) and look (takes images), over HTTP only."""
    home: Path = tmp_path_factory.mktemp("home")
    modules = {"probe": {}, "greet": {"max_batch_size": 8}, "look": {}}
    with Server(home, modules, max_body_mb=1, max_pixels=1_000_000) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
