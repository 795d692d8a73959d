"""Gunicorn's master: starts and watches the HTTP workers, and outlives what the kernel refuses.

Gunicorn's own ends, and takes its healthy workers along, when a fork is refused or when one worker does not
come up. That is right at the start, where the supervisor counts and says why. Later it passes.
"""

from __future__ import annotations

import select
import time
from typing import Any, Final

from gunicorn.arbiter import Arbiter

#: When the supervisor is gone, requests get this long to finish.
ORPHAN_GRACE_SECONDS: Final = 3
#: After a worker could not be started, or ended at once.
PAUSE_SECONDS: Final = 1.0
#: A worker that has lived for so long has come up.
SETTLED_SECONDS: Final = 3.0


class LifelineArbiter(Arbiter):  # type: ignore[misc]  # Gunicorn is not typed
    """Also ends when the supervisor is gone, which Gunicorn's master would not notice by itself."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self._began: dict[int, float] = {}
        self._not_before = 0.0
        self._has_served = False
        self._problem = ""

    def murder_workers(self) -> None:
        """Look after workers, and for the supervisor; Gunicorn's master calls this once a second."""
        super().murder_workers()
        now = time.monotonic()
        self._has_served |= any(
            now - self._began.get(worker.age, now) > SETTLED_SECONDS for worker in self.WORKERS.values()
        )
        poller = select.poll()
        poller.register(self.app.arguments.lifeline, 0)  # only its end is of interest
        if poller.poll(0):
            self.log.warning("the supervisor is gone; the gateway ends")
            self.cfg.set("graceful_timeout", ORPHAN_GRACE_SECONDS)
            raise StopIteration

    def spawn_worker(self) -> int | None:
        """Start a worker; where the kernel refuses, one is started later."""
        if time.monotonic() < self._not_before:
            return None
        self._began[self.worker_age + 1] = time.monotonic()
        try:
            pid: int = super().spawn_worker()
        except OSError as error:
            problem = error.strerror or str(error)
            if problem != self._problem:
                self.log.error("an HTTP worker cannot be started: %s; it is tried again", problem)
            self._problem = problem
            self._not_before = time.monotonic() + PAUSE_SECONDS
            return None
        self._problem = ""
        return pid

    def forked(self) -> None:
        """Have a worker that does not come up end as others do, once there were some; called in it."""
        if self._has_served:
            self.WORKER_BOOT_ERROR = 1  # the master's own value is another, at which it would end

    def worker_ended(self, worker: Any) -> None:
        """Note the end of a worker; one that did not come up is not followed by another at once."""
        now = time.monotonic()
        if now - self._began.pop(worker.age, 0.0) < PAUSE_SECONDS:
            self._not_before = now + PAUSE_SECONDS
