"""How many calls of a module one runner has at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hub import container
from tests.serving.running import Server

CORES = container.available()  # and so many engine threads
#: Says how many of its calls were under way when there were most of them.
SOURCE = """
import threading, time
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="mine", version="1.0.0")
class Mine(Module):
    def _initialize(self):
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    @serving{options}
    def meet(self):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.3)
        with self.lock:
            self.now -= 1
        return self.most
"""


@pytest.mark.parametrize(
    ("options", "entry", "expected"),
    [
        pytest.param("(thread_safe=True)", {}, CORES + 2, id="two more than engine threads"),
        pytest.param("(thread_safe=True)", {"concurrency": CORES + 3}, CORES + 3, id="as configured"),
        pytest.param("", {"concurrency": CORES + 3}, 1, id="not thread-safe"),
    ],
)
def test_calls_of_a_runner_at_once(
    home: Path, tmp_path: Path, options: str, entry: dict[str, Any], expected: int
) -> None:
    (tmp_path / "module.py").write_text(SOURCE.format(options=options))
    mine = {"init_args": {"directory": str(tmp_path)}, **entry}

    with Server(home, {"mine": mine}) as server, ThreadPoolExecutor(CORES + 4) as callers:
        replies = list(callers.map(lambda _: server.post("mine", {}).json(), range(CORES + 4)))

    assert max(reply["results"] for reply in replies) == expected
