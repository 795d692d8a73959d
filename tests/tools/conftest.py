"""What the tests of the tools share: a server to talk to, images to send, the script to run."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_module import FakeModule

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def module() -> Iterator[FakeModule]:
    server = FakeModule()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two images, and two entries that are none."""
    place = tmp_path / "imgs"
    (place / "sub.png").mkdir(parents=True)
    for name in ("b.png", "a.jpg"):
        cv2.imwrite(str(place / name), np.full((40, 100, 3), 230, np.uint8))
    (place / "labels.json").write_text("{}")
    return place


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run tools/test_hubserving.py as a user would, in an empty working directory."""

    def run(*args: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        script = ROOT / "tools" / "test_hubserving.py"
        command = [sys.executable, str(script), *map(str, args)]
        # Only these variables: a proxy or a setting of the tester's own would change what is tested.
        environment = {"PYTHONPATH": str(ROOT), "HUB_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"}
        environment.update(variables)
        return subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60, check=False
        )

    return run
