"""Who goes first in a runner: requests that somebody waits for, then the pages of jobs.

A page stops at its checkpoints while other requests are in the runner. It does so for a limited time: it may
hold what others need, and a job is to advance beside any load.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Final

from hub.serving.runner.request import Request

#: How often a page that waits looks whether it is still wanted.
_LOOK_SECONDS: Final = 0.1


class RightOfWay:
    """The requests in a runner that go before pages of jobs."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0

    @contextlib.contextmanager
    def held(self, requests: Sequence[Request]) -> Iterator[None]:
        """Have pages wait for those of the requests that are none themselves."""
        count = sum(not is_page(request) for request in requests)
        with self._changed:
            self._inside += count
        try:
            yield
        finally:
            with self._changed:
                self._inside -= count
                if not self._inside:
                    self._changed.notify_all()

    def give_way(self, pages: Sequence[Request]) -> None:
        """Wait while others are inside, while somebody wants the pages, and while their patience lasts."""
        if not self._inside or _is_in_event_loop():
            return
        began = time.monotonic()
        until = began + min(page.header.patience - page.waited for page in pages)
        with self._changed:
            while self._inside and (left := until - time.monotonic()) > 0:
                self._changed.wait(min(left, _LOOK_SECONDS))
                if not any(page.is_wanted() for page in pages):
                    break
        for page in pages:
            page.waited += time.monotonic() - began


def is_page(request: Request) -> bool:
    """Tell whether it is a page of a job, which still has patience."""
    return request.header.patience > 0


def _is_in_event_loop() -> bool:
    """Tell whether this thread runs an event loop, in which other ``async`` methods would wait, too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
