"""Real Ray, small: an instance of the server's own, and a cluster of three nodes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.serving.config import ray
from tests.serving.ray.running import RayServer, SimulatedCluster
from tests.serving.running import free_port


@pytest.fixture(scope="session")
def _ray() -> None:
    if not ray.is_installed():
        pytest.skip(f"the extra is not installed ({ray.how_to_install()}; make test-all does it)")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="module")
def server(_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayServer]:
    """A server with a Ray instance of its own; no test may harm it but by what its modules survive."""
    home = tmp_path_factory.mktemp("home")
    modules = {
        "probe": {"init_args": {"journal": str(home / "journal")}},
        "greet": {"max_batch_size": 8, "max_queue_delay_ms": 200, "concurrency": 1},
        "look": {},
        "words": {"concurrency": 1},
    }
    limits = {"timeout": 30, "max_body_mb": 4, "max_pixels": 1_000_000}
    with RayServer(home, modules, grpc_port=free_port(), **limits) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCluster]:
    """Two nodes with room for one replica each, and a head node for the gateways."""
    with SimulatedCluster(2, tmp_path_factory.mktemp("cluster")) as running:
        yield running
