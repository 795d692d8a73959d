"""Chooses what a stream executes next: where it can, a batch of the shape that it executed last.

A stream prepares itself for every change of shape: some 0.7 ms for a line of text whose
kernels it keeps, as long as the execution itself where it has to make them. OpenVINO executes in the order of
arrival and does not let anyone choose the stream; but where no more executions are under way than there are
streams, the next one goes to the stream that just became free.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, TypeVar

Shape = tuple[int, ...]
Result = TypeVar("Result")

#: An execution is passed over by later ones at most this often.
_PATIENCE: Final = 16


@dataclass(eq=False)
class _Waiting:
    shape: Shape
    execute: Callable[[], Any]
    done: Future[Any] = field(default_factory=Future)
    passed: int = 0


@dataclass(eq=False)
class _Stream:
    """Room for one execution, and the shape of its last one."""

    shape: Shape | None = None


class Streams:
    """The streams of a compiled model, and the executions that wait for them. Safe for several threads."""

    def __init__(self, count: int) -> None:
        self._lock = Lock()
        self._all = [_Stream() for _ in range(count)]
        self._idle = list(self._all)
        self._waiting: list[_Waiting] = []
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="openvino")

    def submit(self, shape: Shape, execute: Callable[[], Result]) -> Future[Result]:
        """Have an input of a shape executed, in a thread of its stream, unless it is cancelled in time."""
        waiting = _Waiting(shape, execute)
        with self._lock:
            self._waiting.append(waiting)
        self._threads.submit(self._execute_one)
        return waiting.done

    def _execute_one(self) -> None:
        """Execute one, whichever is best: this is due as many times as there are executions waiting."""
        with self._lock:
            place, stream = self._best()
            for passed in self._waiting[:place]:
                passed.passed += 1
            self._idle.remove(stream)
            waiting = self._waiting.pop(place)
            stream.shape = waiting.shape
        try:
            if waiting.done.set_running_or_notify_cancel():
                waiting.done.set_result(waiting.execute())
        except Exception as error:
            waiting.done.set_exception(error)
        finally:
            with self._lock:
                self._idle.append(stream)

    def _best(self) -> tuple[int, _Stream]:
        """Return the place of the next one, and an idle stream: each thread has one, so one is idle."""
        if self._waiting[0].passed < _PATIENCE:
            for place, waiting in enumerate(self._waiting):
                for stream in self._idle:
                    if stream.shape == waiting.shape:
                        return place, stream
            # None that a stream at work is at, so that it can go on with those.
            at_work = {stream.shape for stream in self._all if stream not in self._idle}
            for place, waiting in enumerate(self._waiting):
                if waiting.shape not in at_work:
                    return place, self._idle[0]
        return 0, self._idle[0]
