"""The order of jobs: owners take turns, and the jobs of one owner come in order. And the places for pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from hub.serving.jobs.job_table import Job
from hub.serving.messages.state import READY, ServerState

#: A module that is not served for so long is not coming back.
ABSENT_SECONDS: Final = 60.0


class States(Protocol):
    def current(self) -> ServerState:
        """Return what is served."""


class Turns:
    """Whose turn it is, for each module."""

    def __init__(self) -> None:
        self._count = 0
        self._served: dict[tuple[str, str], int] = {}

    def next(self, jobs: Iterable[Job], is_waiting: Callable[[Job], bool]) -> Job | None:
        """Return the job that goes on, of jobs of one module in the order in which they came.

        It is the first that waits of the owner who was served longest ago.
        """
        first: dict[str, Job] = {}
        for job in jobs:
            if job.submission.owner not in first and is_waiting(job):
                first[job.submission.owner] = job
        return min(first.values(), key=self._last, default=None)

    def served(self, job: Job) -> None:
        """Note that a page of a job is on its way."""
        self._count += 1
        self._served[job.submission.module, job.submission.owner] = self._count

    def _last(self, job: Job) -> int:
        return self._served.get((job.submission.module, job.submission.owner), 0)


class Places:
    """How many pages of a module may be under way. Times are of ``time.monotonic``."""

    def __init__(self, states: States, per_runner: int) -> None:
        self._states = states
        self._per_runner = per_runner
        self._not_before: dict[str, float] = {}
        self._absent_since: dict[str, float] = {}

    def capacity(self, module: str) -> int:
        """Return how many may be in the module's queue at once."""
        found = self._states.current().modules.get(module)
        ready = sum(runner.ready for runner in found.runners) if found is not None else 0
        return self._per_runner * max(1, ready)

    def open(self, module: str, now: float, ahead: int) -> int:
        """Return how many may be sent or prepared now, ``ahead`` of them without a place in the queue."""
        found = self._states.current().modules.get(module)
        if found is None or found.state != READY or now < self._not_before.get(module, 0.0):
            return 0
        return self.capacity(module) + ahead

    def pause(self, module: str, seconds: float) -> None:
        """Open none for a while."""
        self._not_before[module] = time.monotonic() + seconds

    def is_gone(self, module: str, now: float) -> bool:
        """Tell whether a module has not been served for ABSENT_SECONDS."""
        state = self._states.current()
        if module in state.modules or not state.settled:
            self._absent_since.pop(module, None)
            return False
        return now - self._absent_since.setdefault(module, now) > ABSENT_SECONDS
