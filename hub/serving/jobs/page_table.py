"""The pages of jobs, as the database keeps them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from hub.serving.jobs.database import Database
from hub.serving.jobs.moment import Moment
from hub.serving.messages.job_inputs import PageInput, Plan
from hub.serving.messages.jobs import DONE, FAILED, QUEUED, RUNNING

#: The states of a page.
WAITING, SENT, FINISHED, GIVEN_UP = range(4)
#: A page that failed so often is given up.
MAX_FAILURES: Final = 3
#: So is one during which the server ended so often: it may be what ends it.
MAX_STARTS: Final = 10
#: Outlines that are read while nobody writes.
_OUTLINES_AT_ONCE: Final = 256


@dataclass(frozen=True)
class Page:
    """A page that is on its way: for the how manyth time, and how often it has failed before."""

    job: int
    number: int
    input: PageInput
    failures: int
    starts: int


@dataclass(frozen=True)
class FinishedPage:
    """A page with its result as JSON, or with an error."""

    number: int
    input: PageInput
    results: bytes
    remarks: str
    error: str


@dataclass(frozen=True)
class PageOutline:
    """A page that has ended, without its result: of that only the first bytes, which tell its kind."""

    number: int
    input: PageInput
    beginning: bytes
    remarks: str
    error: str


def ended_too_often(times: int) -> str:
    """Return the error of a page that may be what ends the server."""
    return f"the server ended {times} times while it ran"


class PageTable:
    """The pages. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, number: int, plan: Plan, pages: Iterable[PageInput]) -> None:
        """Note what the pages of a job are; one that has ended meanwhile stays as it is."""
        with self._database.transaction() as database:
            rows = [(number, count, page.item, page.page, page.content) for count, page in enumerate(pages)]
            open_jobs = database.execute(
                "UPDATE jobs SET plan = ?, is_whole = ?, total = ? WHERE number = ? AND state = ?",
                (json.dumps(plan.to_json()), not plan.argument, len(rows), number, QUEUED),
            )
            if not open_jobs.rowcount:
                return
            database.executemany(
                "INSERT INTO pages (job, number, item, page, content) VALUES (?, ?, ?, ?, ?)", rows
            )

    def recover(self, once: Collection[int]) -> None:
        """Put pages that were on their way when the last service ended back into the line.

        Those of the jobs ``once``, whose module must not run twice, are given up, and so is a page with
        which the server ended again and again.
        """
        with self._database.transaction() as database:
            query = "SELECT job, number, starts FROM pages WHERE state = ?"
            for job, number, starts in database.execute(query, (SENT,)).fetchall():
                if job in once:
                    reason = "the server ended while it ran; it may have taken effect, and must not run twice"
                elif starts >= MAX_STARTS:
                    reason = ended_too_often(starts)
                else:
                    database.execute(
                        "UPDATE pages SET state = ? WHERE job = ? AND number = ?", (WAITING, job, number)
                    )
                    continue
                self._give_up(database, job, number, reason)

    def take(self, job: int, *, once: bool = False) -> Page | None:
        """Return the first page of a job that waits, and note that it is on its way.

        Args:
            job: its number.
            once: a page must not run twice, whatever happens.
        """
        query = (
            "SELECT number, item, page, content, failures, starts FROM pages "
            "WHERE job = ? AND state = ? ORDER BY number LIMIT 1"
        )
        with self._database.transaction(durable=once) as database:
            found = database.execute(query, (job, WAITING)).fetchone()
            if found is None:
                return None
            number, item, page, content, failures, starts = found
            database.execute(
                "UPDATE pages SET state = ?, starts = starts + 1 WHERE job = ? AND number = ?",
                (SENT, job, number),
            )
            database.execute(
                "UPDATE jobs SET state = ?, started = coalesce(started, ?) WHERE number = ? AND state = ?",
                (RUNNING, json.dumps(Moment.now().to_json()), job, QUEUED),
            )
        return Page(job, number, PageInput(item, page, content), failures, starts + 1)

    def returned(self, page: Page, *, has_started: bool = False) -> None:
        """Note that a page waits again; where it had not started, that counts for nothing."""
        with self._database.transaction(durable=False) as database:
            database.execute(
                "UPDATE pages SET state = ?, starts = ? WHERE job = ? AND number = ?",
                (WAITING, page.starts - (not has_started), page.job, page.number),
            )

    def finished(self, page: Page, results: bytes, remarks: str) -> None:
        """Keep the result of a page; the job is done with its last one."""
        with self._database.transaction() as database:
            database.execute(
                "UPDATE pages SET state = ?, results = ?, remarks = ? WHERE job = ? AND number = ?",
                (FINISHED, results, remarks, page.job, page.number),
            )
            database.execute("UPDATE jobs SET done = done + 1 WHERE number = ?", (page.job,))
            self._end_if_done(database, page.job)

    def failed(self, page: Page, error: str, *, is_final: bool = False) -> None:
        """Note that a page failed; after ``MAX_FAILURES`` it has an error instead of a result."""
        with self._database.transaction() as database:
            if is_final or page.failures + 1 >= MAX_FAILURES:
                self._give_up(database, page.job, page.number, error)
            else:
                database.execute(
                    "UPDATE pages SET state = ?, failures = failures + 1 WHERE job = ? AND number = ?",
                    (WAITING, page.job, page.number),
                )

    def finished_pages(self, id: str, after: int, limit: int) -> list[FinishedPage]:
        """Return finished pages in order, from the page ``after`` up to the first that is not finished."""
        query = (
            "SELECT pages.number, item, page, content, pages.state, results, remarks, pages.error FROM pages "
            "JOIN jobs ON jobs.number = pages.job WHERE jobs.id = ? AND pages.number >= ? "
            "ORDER BY pages.number LIMIT ?"
        )
        found = []
        for number, item, page, content, state, results, remarks, error in self._database.rows(
            query, id, after, limit
        ):
            if state not in (FINISHED, GIVEN_UP):
                break
            inner = PageInput(item, page, content)
            found.append(FinishedPage(number, inner, results or b"", remarks, error))
        return found

    def outlines(self, id: str) -> list[PageOutline]:
        """Return the outlines of all pages of a job, in order."""
        query = (
            "SELECT pages.number, item, page, substr(results, 1, 2), remarks, pages.error FROM pages "
            "JOIN jobs ON jobs.number = pages.job WHERE jobs.id = ? AND pages.number >= ? "
            "ORDER BY pages.number LIMIT ?"
        )
        found: list[PageOutline] = []
        while rows := self._database.rows(query, id, len(found), _OUTLINES_AT_ONCE):
            found += [
                PageOutline(number, PageInput(item, page), beginning or b"", remarks, error)
                for number, item, page, beginning, remarks, error in rows
            ]
        return found

    def results(self, id: str, number: int) -> bytes | None:
        """Return the result of a page as JSON; None where it, or its job, is not there any more."""
        query = (
            "SELECT results FROM pages JOIN jobs ON jobs.number = pages.job "
            "WHERE jobs.id = ? AND pages.number = ?"
        )
        for (results,) in self._database.rows(query, id, number):
            return bytes(results) if results is not None else None
        return None

    def _give_up(self, database: sqlite3.Connection, job: int, number: int, error: str) -> None:
        """Have a page be an entry with an error; a job that is one request fails with it."""
        database.execute(
            "UPDATE pages SET state = ?, error = ?, failures = failures + 1 WHERE job = ? AND number = ?",
            (GIVEN_UP, error, job, number),
        )
        database.execute("UPDATE jobs SET failed = failed + 1 WHERE number = ?", (job,))
        database.execute(
            "UPDATE jobs SET state = ?, error = ?, ended = ? WHERE number = ? AND state = ? AND is_whole",
            (FAILED, error, json.dumps(Moment.now().to_json()), job, RUNNING),
        )
        self._end_if_done(database, job)

    def _end_if_done(self, database: sqlite3.Connection, job: int) -> None:
        """End a job with its last page; one without any result has failed, with its first page's error."""
        ended = json.dumps(Moment.now().to_json())
        database.execute(
            "UPDATE jobs SET state = ?, ended = ? WHERE number = ? AND state = ? AND done + failed = total "
            "AND done > 0",
            (DONE, ended, job, RUNNING),
        )
        database.execute(
            "UPDATE jobs SET state = ?, ended = ?, error = (SELECT "
            "CASE total WHEN 1 THEN '' ELSE 'all ' || total || ' pages failed; the first: ' END "
            "|| pages.error FROM pages WHERE job = jobs.number ORDER BY pages.number LIMIT 1) "
            "WHERE number = ? AND state = ? AND failed = total",
            (FAILED, ended, job, RUNNING),
        )
