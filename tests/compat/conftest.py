"""PaddleHub's modules, installed as they are in one home, and one server of them all."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hub.registry.local import LocalRegistry
from tests.serving.running import ROOT, Server

WRITTEN_FOR_PADDLEHUB = ROOT / "tests" / "modules_paddlehub"
#: Name in the URL → init_args.
SERVED: dict[str, dict[str, Any]] = {
    "grey_edges": {},
    "word_lengths": {},
    "say_it": {},
    "one-picture": {"scale": 3},
    "any_arguments": {},
    "tiny_classifier": {},
    "tiny_segmenter": {},
    "tiny_sentiment": {},
    "tiny_transformer": {"task": "seq-cls", "label_map": {"0": "short", "1": "long"}},
    "tiny_words": {},
    "tiny_painter": {},
    "tiny_colours": {},
    "dynamic_layer": {},
}


def base64_of(image: Any) -> str:
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()


def image_of(text: str) -> Any:
    return cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_UNCHANGED)


def plain(bgr: tuple[int, int, int], height: int = 20, width: int = 30) -> Any:
    return np.full((height, width, 3), bgr, np.uint8)


@pytest.fixture(scope="session")
def paddlehub_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp("paddlehub") / "home"
    registry = LocalRegistry(home)
    folders = [WRITTEN_FOR_PADDLEHUB / name.replace("-", "_") for name in SERVED]
    with ThreadPoolExecutor(max_workers=3) as pool:  # each is imported in a process of its own
        list(pool.map(registry.install, folders))
    return home


@pytest.fixture(scope="session")
def server(paddlehub_home: Path) -> Iterator[Server]:
    """All of them, one runner each; no test may harm it."""
    modules = {name: {"init_args": {"directory": None, **given}} for name, given in SERVED.items()}
    with Server(paddlehub_home, modules, wait=False) as running:
        running.wait_settled(90)
        yield running
