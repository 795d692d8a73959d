"""Streams execute what fits their last shape first, let nothing wait for ever, and outlive errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from threading import Event
from time import sleep
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hub.engines.base import Batch
from hub.engines.openvino.engine import OpenVINOModel
from hub.engines.openvino.streams import Shape, Streams

pytestmark = pytest.mark.unit

NARROW: Shape = (1, 48, 32, 3)
WIDE: Shape = (1, 48, 320, 3)
OTHER: Shape = (1, 48, 64, 3)
SECONDS = 10


class Gate:
    """An execution that has begun and goes on until it is let."""

    def __init__(self, streams: Streams, shape: Shape) -> None:
        self._begun, self._let = Event(), Event()
        self.done = streams.submit(shape, self._run)
        assert self._begun.wait(SECONDS)

    def _run(self) -> None:
        self._begun.set()
        assert self._let.wait(SECONDS)

    def open(self) -> None:
        self._let.set()
        self.done.result(SECONDS)


@pytest.fixture
def order() -> list[str]:
    return []


@pytest.fixture
def noting(order: list[str]) -> Iterator[Callable[[str], Callable[[], None]]]:
    yield lambda name: lambda: order.append(name)


def finish(futures: list[Future[None]]) -> None:
    assert not wait(futures, SECONDS).not_done
    for future in futures:
        future.result()


def test_a_stream_goes_on_with_the_shape_that_it_is_at(
    order: list[str], noting: Callable[[str], Callable[[], None]]
) -> None:
    streams = Streams(1)
    gate = Gate(streams, WIDE)
    futures = [streams.submit(NARROW, noting("narrow")), streams.submit(WIDE, noting("wide"))]
    gate.open()
    finish(futures)
    assert order == ["wide", "narrow"]


def test_what_was_passed_over_sixteen_times_is_next(
    order: list[str], noting: Callable[[str], Callable[[], None]]
) -> None:
    streams = Streams(1)
    gate = Gate(streams, WIDE)
    futures = [streams.submit(NARROW, noting("narrow"))]
    futures += [streams.submit(WIDE, noting("wide")) for _ in range(40)]
    gate.open()
    finish(futures)
    assert order.index("narrow") == 16


def test_a_stream_leaves_to_another_the_shape_that_one_is_at(
    order: list[str], noting: Callable[[str], Callable[[], None]]
) -> None:
    streams = Streams(2)
    one, other = Gate(streams, WIDE), Gate(streams, NARROW)
    futures = [streams.submit(WIDE, noting("wide")), streams.submit(OTHER, noting("other"))]
    other.open()
    finish(futures)
    assert order == ["other", "wide"]
    one.open()


def test_as_many_are_executed_at_once_as_there_are_streams() -> None:
    streams = Streams(2)
    gates = [Gate(streams, WIDE), Gate(streams, WIDE)]
    third = streams.submit(WIDE, lambda: None)
    assert not wait([third], 0.2).done
    for gate in gates:
        gate.open()
    third.result(SECONDS)


def test_an_error_is_its_callers_and_the_stream_goes_on() -> None:
    streams = Streams(1)

    def fail() -> None:
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        streams.submit(WIDE, fail).result(SECONDS)
    streams.submit(WIDE, lambda: None).result(SECONDS)


def test_what_is_cancelled_in_time_is_not_executed(
    order: list[str], noting: Callable[[str], Callable[[], None]]
) -> None:
    streams = Streams(1)
    gate = Gate(streams, WIDE)
    unwanted, wanted = streams.submit(WIDE, noting("unwanted")), streams.submit(WIDE, noting("wanted"))
    assert unwanted.cancel()
    gate.open()
    wanted.result(SECONDS)
    with pytest.raises(CancelledError):
        unwanted.result()
    assert order == ["wanted"]


class SlowRequest:
    """An infer request that takes a while; its output is the input's sum."""

    def infer(self, inputs: Any, *, share_inputs: bool, share_outputs: bool) -> list[Any]:
        total = np.float32(inputs[0].sum())
        sleep(0.02)
        return [np.full(1, total, np.float32)]


def test_many_callers_share_as_many_requests_as_there_are_streams() -> None:
    made: list[SlowRequest] = []

    def make() -> SlowRequest:
        made.append(SlowRequest())
        return made[-1]

    request = SimpleNamespace(padded=False, top1=False)
    compiled = SimpleNamespace(create_infer_request=make)
    model = OpenVINOModel(compiled, "f32", 2, "", request)  # type: ignore[arg-type]

    def call(number: int) -> list[float]:
        batches = (Batch(np.full((1, 1, 1, 3), number + i, np.uint8)) for i in range(5))
        return [float(output[0]) for (output,) in model.run_many(batches)]

    with ThreadPoolExecutor(6) as callers:
        found = list(callers.map(call, range(6)))
    assert found == [[3.0 * (number + i) for i in range(5)] for number in range(6)]
    assert len(made) == 2
