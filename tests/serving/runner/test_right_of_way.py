"""Pages of jobs stop at their checkpoints while other requests are in the runner."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.checkpoint import checkpoint
from hub.module.coroutines import blocking
from hub.serving.messages.manifest import Manifest
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.runner.binding import Binding
from hub.serving.runner.executor import Executor
from hub.serving.runner.methods import ServingMethod
from tests.serving.runner import requests

pytestmark = pytest.mark.unit
LONG = 30.0


class Module:
    """A request "page" passes a checkpoint; the others wait until they may go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.ended: list[str] = []

    def predict(self, texts: list[str]) -> list[str]:
        self.begun.release()
        if texts[0] == "page":
            checkpoint()
        else:
            assert self.may_go.wait(LONG)
        self.ended += texts
        return texts


@pytest.fixture
def module() -> Module:
    return Module()


@pytest.fixture
def run(module: Module) -> Iterator[Callable[..., Any]]:
    """Run requests, each in a thread of its own; the future is done with the answer."""
    method = ServingMethod(Binding(module.predict, {}), BatchPolicy("texts", 8))
    executor = Executor(
        name="m", methods={"predict": method}, generation=1, manifest=Manifest(images=frozenset())
    )
    with ThreadPoolExecutor(4) as threads:

        def run(*them: Any) -> Any:
            return threads.submit(executor.run, list(them))

        yield run
        module.may_go.set()


def page(patience: float = LONG, **more: Any) -> Any:
    return requests.make(texts=["page"], header={"patience": patience, **more})


def test_a_page_goes_on_when_the_others_have_been_answered(module: Module, run: Any) -> None:
    run(requests.make(texts=["urgent"]))
    module.begun.acquire()
    slow = run(page())
    module.begun.acquire()
    time.sleep(0.2)
    assert not module.ended
    module.may_go.set()

    slow.result(LONG)
    assert module.ended == ["urgent", "page"]


def test_a_page_goes_on_when_its_patience_is_used_up(module: Module, run: Any) -> None:
    run(requests.make(texts=["urgent"]))
    module.begun.acquire()
    one = page(patience=0.05)
    run(one).result(LONG)

    assert module.ended == ["page"]
    assert one.waited >= 0.05


def test_the_time_that_a_page_waits_counts_as_waiting(module: Module, run: Any) -> None:
    run(requests.make(texts=["urgent"]))
    module.begun.acquire()
    one = page(patience=0.3)
    run(one).result(LONG)

    assert one.told.run_seconds < 0.3 <= one.told.batch_seconds


def test_a_page_whose_caller_leaves_stops_waiting(module: Module, run: Any) -> None:
    run(requests.make(texts=["urgent"]))
    module.begun.acquire()
    one = page()
    slow = run(one)
    module.begun.acquire()
    one.has_left = True
    slow.result(LONG)

    assert one.was_dropped
    assert not module.ended


def test_a_page_does_not_wait_for_pages(module: Module, run: Any) -> None:
    run(requests.make(texts=["slow page"], header={"patience": LONG}))
    module.begun.acquire()
    run(page()).result(LONG)

    assert module.ended == ["page"]


def test_a_page_that_runs_alone_does_not_wait(module: Module, run: Any) -> None:
    # Whoever else comes meanwhile waits for it.
    run(page(alone=True)).result(LONG)
    run(requests.make(texts=["urgent"]), page(alone=True))
    module.begun.acquire(timeout=LONG)
    module.begun.acquire(timeout=LONG)
    module.may_go.set()

    assert module.ended[:2] == ["page", "page"]


def test_a_page_that_is_joined_with_others_does_not_wait(module: Module, run: Any) -> None:
    run(requests.make(texts=["urgent"]))
    module.begun.acquire()
    run(page(), requests.make(texts=["urgent too"])).result(LONG)

    assert module.ended == ["page", "urgent too"]


def test_a_checkpoint_in_an_event_loop_does_not_hold_the_loop(module: Module) -> None:
    async def predict(texts: list[str]) -> list[str]:
        if texts == ["page"]:
            checkpoint()
        else:
            module.begun.release()
            await asyncio.to_thread(module.may_go.wait, LONG)
        return texts

    method = ServingMethod(Binding(blocking(predict), {}), BatchPolicy())
    executor = Executor(
        name="m", methods={"predict": method}, generation=1, manifest=Manifest(images=frozenset())
    )
    with ThreadPoolExecutor(2) as threads:
        urgent = threads.submit(executor.run, [requests.make(texts=["urgent"])])
        module.begun.acquire()
        threads.submit(executor.run, [page()]).result(LONG)
        assert not urgent.done()
        module.may_go.set()
