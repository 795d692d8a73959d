"""Each fault test starts servers of its own, since it harms them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.serving.running import Server

Post = Callable[..., "Future[requests.Response]"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def at_once() -> Any:
    """``at_once(server, module, bodies)`` posts all at the same time; the replies in order."""

    def post(server: Server, module: str, bodies: list[Any], **options: Any) -> list[requests.Response]:
        def one(body: Any) -> requests.Response:
            return requests.post(f"{server.url}/predict/{module}", json=body, timeout=40, **options)

        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(one, bodies))

    return post
