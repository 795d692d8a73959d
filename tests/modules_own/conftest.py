"""What the tests of the shipped modules share."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from hub.registry.weights import fetch
from tests.serving.running import ROOT, Server

MODULES = ROOT / "modules"
Start = Callable[..., Server]


@pytest.fixture(scope="session")
def lac_weights() -> Path:
    """LAC's files, fetched once into the configured home."""
    return fetch(["LAC"])["LAC"]


@pytest.fixture
def lac_home(tmp_path: Path, lac_weights: Path) -> Path:
    """An empty home, but for the weights."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "weights").symlink_to(lac_weights.parent)
    return home


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server with one of the shipped modules, from its folder."""
    servers: list[Server] = []

    def run(name: str, *, home: Path | None = None, served_as: str | None = None, **init_args: Any) -> Server:
        init_args["directory"] = str(MODULES / name)
        entry = {"init_args": init_args, "max_batch_size": 64, "max_queue_delay_ms": 5}
        servers.append(Server(home or tmp_path / "home", {served_as or name: entry}))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


def in_paddles_old_format(export: Callable[[Path], Path], folder: Path) -> Path:
    """``export(folder)`` in a process whose Paddle writes ``.pdmodel`` instead of ``.json``."""
    words = [sys.executable, "-c", _EXPORT, export.__module__, export.__name__, str(folder)]
    environment = {**os.environ, "FLAGS_enable_pir_api": "0", "PYTHONPATH": str(ROOT)}
    subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, check=True, timeout=100)
    return folder


_EXPORT = """
import importlib, pathlib, sys
module, function, folder = sys.argv[1:]
getattr(importlib.import_module(module), function)(pathlib.Path(folder))
"""


def encoded(image: Any) -> str:
    """An image as a request carries it: a PNG in base64."""
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
