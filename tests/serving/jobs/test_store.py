from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hub.errors import ConflictError, TooManyJobsError, UnknownJobError
from hub.serving.jobs.moment import Moment
from hub.serving.jobs.page_table import MAX_FAILURES, MAX_STARTS
from hub.serving.jobs.schema import DamagedError, UnusableError
from hub.serving.messages.job_inputs import PageInput, Plan
from hub.serving.messages.jobs import CANCELLED
from tests.serving.jobs.stores import add, finish, number_of, open_store

pytestmark = pytest.mark.unit


def test_a_job_is_queued_then_running_then_done(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 2)
    states = [store.jobs.show(job.id, None).state]
    for _ in range(2):
        finish(store, job)
        states.append(store.jobs.show(job.id, None).state)
    assert states == ["queued", "running", "done"]
    told = store.jobs.show(job.id, None)
    assert (told.done, told.failed, told.total) == (2, 0, 2)


def test_what_was_finished_is_there_when_the_store_is_opened_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 3)
    finish(store, job, b'"a"')
    again = open_store(tmp_path)  # the first was never closed, as where its process is killed
    assert [page.results for page in again.pages.finished_pages(job.id, 0, -1)] == [b'"a"']
    assert again.jobs.show(job.id, None).done == 1


def test_a_page_that_was_on_its_way_waits_again_when_the_store_is_opened_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 2)
    taken = store.pages.take(number_of(store, job))
    again = open_store(tmp_path).pages.take(number_of(store, job))
    assert taken is not None and again is not None
    assert (taken.number, again.number, again.starts) == (0, 0, 2)


def test_a_page_that_must_not_run_twice_is_given_up_when_the_server_ended_under_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 1, once=True)
    store.pages.take(number_of(store, job), once=True)
    told = open_store(tmp_path).jobs.show(job.id, None)
    assert (told.state, told.failed, "must not run twice" in told.error) == ("failed", 1, True)


@pytest.mark.parametrize("succeeds", [False, True])
def test_a_job_has_failed_only_where_none_of_its_pages_has_a_result(tmp_path: Path, succeeds: bool) -> None:
    store = open_store(tmp_path)
    job = add(store, 3)
    if succeeds:
        finish(store, job)
    pages = [store.pages.take(number_of(store, job)) for _ in range(3 - succeeds)]
    for page in reversed(pages):
        assert page is not None
        store.pages.failed(page, f"error {page.number}", is_final=True)
    told = store.jobs.show(job.id, None)
    error = "" if succeeds else "all 3 pages failed; the first: error 0"
    assert (told.state, told.error, bool(told.ended)) == ("done" if succeeds else "failed", error, True)


def test_a_page_with_which_the_server_ends_each_time_is_given_up(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 1)
    for _ in range(MAX_STARTS):
        assert store.pages.take(number_of(store, job)) is not None
        store = open_store(tmp_path)
    (page,) = store.pages.finished_pages(job.id, 0, -1)
    assert page.error == f"the server ended {MAX_STARTS} times while it ran"


def test_a_page_that_failed_three_times_is_an_entry_with_an_error(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 2)
    for _ in range(MAX_FAILURES):
        page = store.pages.take(number_of(store, job))
        assert page is not None
        assert store.pages.finished_pages(job.id, 0, -1) == []
        store.pages.failed(page, "broken")
    finish(store, job)
    assert [page.error for page in store.pages.finished_pages(job.id, 0, -1)] == ["broken", ""]
    assert store.jobs.show(job.id, None).state == "done"


def test_a_job_that_is_one_request_fails_with_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store)
    store.pages.plan(number_of(store, job), Plan(), [PageInput(0)])
    page = store.pages.take(number_of(store, job))
    assert page is not None
    store.pages.failed(page, "broken", is_final=True)
    told = store.jobs.show(job.id, None)
    assert (told.state, told.error) == ("failed", "broken")


def test_a_page_that_was_not_taken_has_not_failed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 1)
    for _ in range(MAX_STARTS + 1):
        page = store.pages.take(number_of(store, job))
        assert page is not None
        store.pages.returned(page)
    page = store.pages.take(number_of(store, job))
    assert page is not None and (page.starts, page.failures) == (1, 0)


def test_finished_pages_are_told_in_order_up_to_the_first_that_is_not(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 3)
    pages = [store.pages.take(number_of(store, job)) for _ in range(3)]
    for page in (pages[0], pages[2]):
        assert page is not None
        store.pages.finished(page, b"0", "")
    assert [page.number for page in store.pages.finished_pages(job.id, 0, -1)] == [0]
    assert store.pages.finished_pages(job.id, 1, -1) == []


def test_pages_that_are_counted_after_the_end_of_a_job_are_none(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    cancelled, removed = add(store), add(store)
    numbers = [number_of(store, job) for job in (cancelled, removed)]
    for job in (cancelled, removed):
        store.jobs.cancel(job.id)
    store.jobs.remove(removed.id)
    for number in numbers:
        store.pages.plan(number, Plan("texts"), [PageInput(0)])
        assert store.pages.take(number) is None
    assert store.jobs.show(cancelled.id, None).total is None


def test_a_cancelled_job_stays_cancelled_when_its_last_page_comes_back(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 1)
    page = store.pages.take(number_of(store, job))
    assert page is not None
    assert store.jobs.cancel(job.id).state == CANCELLED
    store.pages.finished(page, b"1", "")
    assert store.jobs.show(job.id, None).state == CANCELLED


def test_a_job_is_anothers_to_all_but_its_owner(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    mine, theirs = add(store, owner="me"), add(store, owner="them")
    assert [job.id for job in store.jobs.known("me")] == [mine.id]
    assert [job.id for job in store.jobs.known(None)] == [mine.id, theirs.id]
    with pytest.raises(UnknownJobError):
        store.jobs.show(theirs.id, "me")
    with pytest.raises(UnknownJobError):
        store.jobs.show("nonsense", None)


def test_the_same_key_and_body_are_the_same_job(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, owner="me", idempotency_key="k", digest="d")
    submission = store.jobs.open_jobs()[0].submission
    repeated = store.jobs.find_repeated(submission)
    assert repeated is not None and repeated.id == job.id
    with pytest.raises(ConflictError, match="another body"):
        store.jobs.find_repeated(type(submission)("echo", owner="me", idempotency_key="k", digest="other"))
    with pytest.raises(ConflictError, match="another module"):
        store.jobs.find_repeated(type(submission)("words", owner="me", idempotency_key="k", digest="d"))
    others = type(submission)("echo", owner="them", idempotency_key="k", digest="d")
    assert store.jobs.find_repeated(others) is None


def test_more_than_max_jobs_unfinished_jobs_are_refused(tmp_path: Path) -> None:
    store = open_store(tmp_path, max_jobs=2)
    first, _ = add(store), add(store)
    with pytest.raises(TooManyJobsError, match="max_jobs"):
        store.jobs.require_place()
    store.jobs.cancel(first.id)
    store.jobs.require_place()


def test_a_job_expires_by_the_time_since_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    running, ended = add(store, 1), add(store, 1)
    finish(store, ended)
    end = Moment.now()
    later = Moment(end.wall, end.uptime + 100, end.boot_id)
    monkeypatch.setattr(Moment, "now", lambda: later)
    assert list(store.jobs.expired(ttl=101)) == []
    assert list(store.jobs.expired(ttl=99)) == [ended.id]
    store.jobs.remove(ended.id)
    assert [job.id for job in store.jobs.known(None)] == [running.id]


@pytest.mark.parametrize("wall", [0.0, 4e9], ids=["back to 1970", "on to 2096"])
def test_a_clock_that_jumps_changes_no_age(wall: float) -> None:
    start = Moment(1.8e9, 1000.0, "boot")
    assert start.age(Moment(wall, 1005.0, "boot")) == 5.0


def test_an_age_is_never_negative() -> None:
    start = Moment(1.8e9, 1000.0, "boot")
    assert start.age(Moment(1.7e9, 10.0, "next boot")) == 0.0
    assert start.age(Moment(1.8e9, 999.0, "boot")) == 0.0
    assert start.age(Moment(1.8e9 + 7, 1.0, "next boot")) == 7.0


def test_a_time_beyond_the_calendar_is_no_text() -> None:
    assert Moment(1e20, 0.0, "boot").text() == ""


@pytest.mark.parametrize("place", [0, 5000], ids=["head", "middle"])
def test_a_damaged_database_is_named_with_what_to_do(tmp_path: Path, place: int) -> None:
    store = open_store(tmp_path)
    for _ in range(30):
        add(store, 20)
    store.close()
    path = tmp_path / "jobs.sqlite"
    data = bytearray(path.read_bytes())
    data[place : place + 4000] = b"x" * 4000
    path.write_bytes(data)
    with pytest.raises(DamagedError) as caught:
        open_store(tmp_path)
    assert str(path) in str(caught.value)
    assert "move the folder" in str(caught.value)
    assert path.read_bytes() == data  # it is left as it is


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "jobs.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(UnusableError, match="later version"):
        open_store(tmp_path)
