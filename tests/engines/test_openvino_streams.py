"""Streams execute what fits their last shape first, let nothing wait for ever, and outlive errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, wait
from threading import Event
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest

from hub.engines.base import Batch
from hub.engines.openvino import OpenVINOModel
from hub.engines.openvino_streams import Shape, Streams

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
    """An infer request that takes a while, and says when it has finished."""

    def __init__(self, finished: list[bool]) -> None:
        self._finished = finished
        self.output_tensors = [SimpleNamespace(data=np.zeros(1, np.float32))]

    def set_input_tensor(self, index: int, tensor: object) -> None:
        """As OpenVINO, which does not keep the array behind it alive."""

    def infer(self, *, share_outputs: bool) -> None:
        sleep(0.1)
        self._finished.append(True)


def test_what_is_under_way_is_waited_for_when_the_caller_stops_early() -> None:
    finished: list[bool] = []
    compiled = SimpleNamespace(create_infer_request=lambda: SlowRequest(finished))
    request = SimpleNamespace(padded=False, top1=False)
    model = OpenVINOModel(compiled, "f32", 2, request)  # type: ignore[arg-type]
    outputs = model.run_many(Batch(np.zeros(NARROW, np.uint8)) for _ in range(9))
    next(outputs)
    outputs.close()  # type: ignore[attr-defined]
    count = len(finished)
    sleep(0.3)
    assert len(finished) == count
