"""The HTTP worker's threads, where the system has no more of them."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from gunicorn.config import Config

from hub.serving.gateway.worker import LoopWorker

pytestmark = pytest.mark.unit


def test_work_for_which_no_thread_can_be_started_is_done_by_those_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = LoopWorker(1, 1, [], None, 30, Config(), logging.getLogger("test"))
    worker._pool, worker._reserved = ThreadPoolExecutor(4), {}
    worker._pool.submit(time.sleep, 0.1)  # of four threads, one is there

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    is_free, done = threading.Event(), threading.Semaphore(0)
    for number in range(8):
        worker.submit(lambda: is_free.wait(10) and done.release(), f"/predict/{number}")
    is_free.set()

    assert all(done.acquire(timeout=10) for _ in range(8))
    monkeypatch.undo()
    worker._pool.shutdown()
