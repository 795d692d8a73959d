"""All that is known of a server's jobs: one object writes it, from any thread."""

from __future__ import annotations

from pathlib import Path

from hub.serving.jobs.database import Database
from hub.serving.jobs.job_table import JobTable
from hub.serving.jobs.page_table import PageTable


class Store:
    """The database of jobs."""

    def __init__(self, path: Path, *, max_jobs: int) -> None:
        """Open it, and put pages that were on their way back into the line.

        Raises:
            DamagedError, UnusableError: it cannot be read, or kept there.  OSError.
        """
        self._database = Database(path)
        self.jobs = JobTable(self._database, max_jobs=max_jobs)
        self.pages = PageTable(self._database)
        self.pages.recover(
            [job.number for job in self.jobs.open_jobs() if job.plan is not None and job.plan.once]
        )

    def close(self) -> None:
        self._database.close()
