"""Which job goes on next. Pure: owners take turns, and the jobs of one owner come in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hub.serving.jobs.job_table import Job


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
