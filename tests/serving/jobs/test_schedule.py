from __future__ import annotations

import pytest

from hub.serving.jobs.job_table import Job
from hub.serving.jobs.schedule import Turns
from hub.serving.messages.jobs import Submission

pytestmark = pytest.mark.unit


def job(number: int, owner: str) -> Job:
    return Job(number, str(number), Submission("echo", owner=owner), None)


def order(jobs: list[Job], pages: int, waiting: set[int] | None = None) -> list[int]:
    turns, found = Turns(), []
    for _ in range(pages):
        chosen = turns.next(jobs, lambda each: waiting is None or each.number in waiting)
        if chosen is None:
            break
        turns.served(chosen)
        found.append(chosen.number)
    return found


def test_owners_take_turns() -> None:
    assert order([job(1, "a"), job(2, "a"), job(3, "b")], 4) == [1, 3, 1, 3]


def test_jobs_of_one_owner_come_in_order() -> None:
    assert order([job(1, "a"), job(2, "a")], 2) == [1, 1]


def test_a_job_without_a_waiting_page_lets_the_next_one_go_on() -> None:
    assert order([job(1, "a"), job(2, "a")], 1, waiting={2}) == [2]
    assert order([job(1, "a")], 1, waiting=set()) == []
