"""The jobs of a server, as the database keeps them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import ConflictError, TooManyJobsError, UnknownJobError
from hub.serving.jobs.database import Database
from hub.serving.jobs.moment import Moment
from hub.serving.messages.job_inputs import Plan
from hub.serving.messages.jobs import CANCELLED, ENDED, QUEUED, RUNNING, JobInfo, Submission

_JOB: Final = "number, id, submission, state, created, started, ended, done, failed, total, error"


@dataclass(frozen=True)
class Job:
    """A job that is not done; ``plan`` is None until its pages are counted."""

    number: int
    id: str
    submission: Submission
    plan: Plan | None


class JobTable:
    """The jobs. Every method is one transaction."""

    def __init__(self, database: Database, *, max_jobs: int) -> None:
        self._database = database
        self._max_jobs = max_jobs

    def find_repeated(self, submission: Submission) -> JobInfo | None:
        """Return the job that was handed in before with the same Idempotency-Key.

        Raises:
            ConflictError: with another body.
        """
        if not submission.idempotency_key:
            return None
        where = "owner = ? AND idempotency_key = ?"
        rows = self._database.rows(
            f"SELECT {_JOB} FROM jobs WHERE {where}", submission.owner, submission.idempotency_key
        )
        if not rows:
            return None
        before, job = _submission(rows[0][2]), _info(rows[0], Moment.now())
        if (before.name, before.digest) != (submission.name, submission.digest):
            raise ConflictError(
                f"the Idempotency-Key {submission.idempotency_key[:100]!r} belongs to job {job.id}, which "
                "has another body or calls another module; use another key"
            )
        return job

    def require_place(self) -> None:
        """Raise TooManyJobsError where ``max_jobs`` are not done yet."""
        if self.unfinished() >= self._max_jobs:
            raise TooManyJobsError(
                f"{self._max_jobs} jobs are not done yet (max_jobs); try again when one has ended",
                retry_after=10,
            )

    def add(self, submission: Submission, id: str) -> JobInfo:
        """Note a new job, whose body is on the disk."""
        row = (
            id,
            submission.owner,
            submission.idempotency_key,
            QUEUED,
            json.dumps(submission.to_json()),
            _dumped(Moment.now()),
        )
        with self._database.transaction() as database:
            database.execute(
                "INSERT INTO jobs (id, owner, idempotency_key, state, submission, created) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
        return self.show(id, None)

    def unfinished(self) -> int:
        """Return how many jobs are not done."""
        ((count,),) = self._database.rows("SELECT count(*) FROM jobs WHERE state IN (?, ?)", QUEUED, RUNNING)
        return int(count)

    def show(self, id: str, owner: str | None) -> JobInfo:
        """Return a job; ``owner`` None for everybody's.

        Raises:
            UnknownJobError: there is none, or it is another's.
        """
        return _info(self._row(id, owner), Moment.now())

    def known(self, owner: str | None) -> list[JobInfo]:
        """Return jobs in the order in which they came."""
        now = Moment.now()
        if owner is None:
            rows = self._database.rows(f"SELECT {_JOB} FROM jobs ORDER BY number")
        else:
            rows = self._database.rows(f"SELECT {_JOB} FROM jobs WHERE owner = ? ORDER BY number", owner)
        return [_info(row, now) for row in rows]

    def cancel(self, id: str) -> JobInfo:
        """End a job that has not ended; raises UnknownJobError."""
        self.end(int(self._row(id, None)[0]), CANCELLED)
        return self.show(id, None)

    def end(self, number: int, state: str, error: str = "") -> bool:
        """Bring a job to its end; False where it had ended already."""
        with self._database.transaction() as database:
            changed = database.execute(
                "UPDATE jobs SET state = ?, error = ?, ended = ? WHERE number = ? AND state IN (?, ?)",
                (state, error, _dumped(Moment.now()), number, QUEUED, RUNNING),
            )
            return changed.rowcount > 0

    def remove(self, id: str) -> None:
        """Forget a job and its results."""
        with self._database.transaction() as database:
            database.execute("DELETE FROM jobs WHERE id = ?", (id,))
        self._database.shrink()

    def expired(self, ttl: float) -> Iterable[str]:
        """Return the ids of jobs that ended more than ``ttl`` seconds ago."""
        now = Moment.now()
        rows = self._database.rows("SELECT id, ended FROM jobs WHERE state IN (?, ?, ?)", *ENDED)
        return [id for id, ended in rows if ended and _moment(ended).age(now) > ttl]

    def ids(self) -> set[str]:
        """Return the ids of all jobs that still need their files."""
        return {
            id for (id,) in self._database.rows("SELECT id FROM jobs WHERE state IN (?, ?)", QUEUED, RUNNING)
        }

    def open_jobs(self) -> list[Job]:
        """Return the jobs that are not done, oldest first."""
        return self._open("state IN (?, ?) ORDER BY number", QUEUED, RUNNING)

    def open_jobs_of(self, id: str) -> list[Job]:
        """Return the job of an id, if it is not done."""
        return self._open("state IN (?, ?) AND id = ?", QUEUED, RUNNING, id)

    def _open(self, where: str, *values: str) -> list[Job]:
        query = f"SELECT number, id, submission, plan FROM jobs WHERE {where}"
        return [
            Job(number, id, _submission(told), Plan.from_json(json.loads(plan)) if plan else None)
            for number, id, told, plan in self._database.rows(query, *values)
        ]

    def has_ended(self, number: int) -> bool:
        rows = self._database.rows("SELECT state FROM jobs WHERE number = ?", number)
        return not rows or rows[0][0] in ENDED

    def plan_of(self, id: str) -> Plan | None:
        """Return what the pages of a job are; None until that is known."""
        for (plan,) in self._database.rows("SELECT plan FROM jobs WHERE id = ?", id):
            return Plan.from_json(json.loads(plan)) if plan else None
        return None

    def _row(self, id: str, owner: str | None) -> Any:
        rows = self._database.rows(f"SELECT {_JOB}, owner FROM jobs WHERE id = ?", id)
        if not rows or owner not in (None, rows[0][-1]):
            raise unknown(id)
        return rows[0]


def unknown(id: str) -> UnknownJobError:
    """Return the error of a job that is not there, or is another's."""
    return UnknownJobError(f"there is no job {id[:100]!r}")


def new_id() -> str:
    """Return an id that nobody guesses."""
    return secrets.token_hex(16)


def _info(row: Any, now: Moment) -> JobInfo:
    _, id, told, state, created, started, ended, done, failed, total, error = row[:11]
    submission, began = _submission(told), _moment(started) if started else None
    end = _moment(ended) if ended else now
    return JobInfo(
        id=id,
        name=submission.name,
        state=state,
        created=_moment(created).text(),
        started=began.text() if began else "",
        ended=end.text() if ended else "",
        seconds=round(began.age(end), 3) if began else 0.0,
        done=done,
        failed=failed,
        total=total,
        error=error,
        is_endpoint=bool(submission.endpoint),
    )


def _submission(told: str) -> Submission:
    return Submission.from_json(json.loads(told))


def _dumped(moment: Moment) -> str:
    return json.dumps(moment.to_json())


def _moment(text: str) -> Moment:
    return Moment.from_json(json.loads(text))
