"""A store in a folder, and jobs in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.serving.jobs import job_table
from hub.serving.jobs.store import Store
from hub.serving.messages.job_inputs import PageInput, Plan
from hub.serving.messages.jobs import JobInfo, Submission


def open_store(folder: Path, max_jobs: int = 1000) -> Store:
    return Store(folder / "jobs.sqlite", max_jobs=max_jobs)


def add(store: Store, pages: int = 0, *, once: bool = False, **fields: Any) -> JobInfo:
    """A new job; with pages, they are known already."""
    job = store.jobs.add(Submission(module=fields.pop("module", "echo"), **fields), job_table.new_id())
    if pages:
        number = store.jobs.open_jobs_of(job.id)[0].number
        plan = Plan("texts", "{}", once=once)
        store.pages.plan(number, plan, [PageInput(item, None, f'"{item}"') for item in range(pages)])
    return job


def number_of(store: Store, job: JobInfo) -> int:
    return store.jobs.open_jobs_of(job.id)[0].number


def finish(store: Store, job: JobInfo, results: bytes = b"1") -> None:
    """Finish the next page of a job."""
    page = store.pages.take(number_of(store, job))
    assert page is not None
    store.pages.finished(page, results, "")
