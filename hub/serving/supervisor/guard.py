"""The net under each step of the supervisor's loop: one that fails is logged and tried again, others go on.

The kernel refuses what it granted a moment ago: no descriptor (EMFILE), no process (EAGAIN, ENOMEM), no room
on the disk (ENOSPC). That passes. A mistake of ours may not, but ends the one step and not the server.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger("hub.supervisor")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


class Guard:
    """Runs one step again and again; after a failure only once a pause is over, which grows."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._pause = 0.0
        self._not_before = 0.0
        self._problem = ""

    def is_pausing(self, now: float) -> bool:
        return now < self._not_before

    def run(self, step: Callable[[], object], now: float | None = None) -> bool:
        """Take the step, unless it pauses; tell whether it was taken and went well."""
        now = time.monotonic() if now is None else now
        if self.is_pausing(now):
            return False
        try:
            step()
        except Exception as error:
            self.failed(error, now)
            return False
        self.went_well()
        return True

    def failed(self, error: Exception, now: float) -> None:
        """Begin a pause, longer than the last; the same reason is logged once."""
        self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self._pause))
        self._not_before = now + self._pause
        problem = reason(error)
        if problem == self._problem:
            return
        self._problem = problem
        if isinstance(error, OSError):
            log.error("%s: %s; it is tried again until it works", self._what, problem)
        else:  # a mistake of ours
            log.error("%s: %s; it is tried again until it works", self._what, problem, exc_info=error)

    def went_well(self) -> None:
        if self._problem:
            log.info("%s: it works again", self._what)
        self._pause, self._not_before, self._problem = 0.0, 0.0, ""


def reason(error: Exception) -> str:
    """Return what is wrong in words; not with which file, whose name may be another each time."""
    return (
        (error.strerror if isinstance(error, OSError) else str(error)) or str(error) or type(error).__name__
    )


class Guards:
    """A guard for each step, by what it does."""

    def __init__(self) -> None:
        self._guards: dict[str, Guard] = {}

    def run(self, what: str, step: Callable[[], object], now: float | None = None) -> bool:
        """Take the step ``what`` as ``Guard.run`` does."""
        return self._guards.setdefault(what, Guard(what)).run(step, now)

    def is_pausing(self, what: str, now: float) -> bool:
        return what in self._guards and self._guards[what].is_pausing(now)
