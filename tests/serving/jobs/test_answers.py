"""What the jobs service answers when jobs change under its hands."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from hub.serving.jobs.answers import Answers, serve
from hub.serving.jobs.store import Store
from hub.serving.messages import lines
from hub.serving.messages.jobs import JobInfo, JobReply, JobRequest
from tests.serving.jobs.stores import add, finish, open_store
from tests.serving.running import wait_until

pytestmark = pytest.mark.unit


class _Service:
    """Jobs that nobody runs."""

    problem = ""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@pytest.fixture
def job(store: Store) -> JobInfo:
    """A job that is done, of two pages."""
    made = add(store, 2)
    finish(store, made)
    finish(store, made)
    return made


def answers(store: Store) -> Answers:
    service: Any = _Service()
    return Answers(service, store, service)


def answer(store: Store, request: JobRequest) -> tuple[JobReply, bytes]:
    """The last answer to a question, and the bytes of all."""
    told = list(answers(store).answer(request))
    return told[-1][0], b"".join(content for _, content in told)


@pytest.mark.parametrize(
    ("do", "moment"),
    [("result", "plan_of"), ("result", "outlines"), ("result", "results"), ("pages", "finished_pages")],
)
def test_a_job_that_is_removed_while_its_result_is_read_is_unknown_and_not_empty(
    store: Store, job: JobInfo, monkeypatch: pytest.MonkeyPatch, do: str, moment: str
) -> None:
    table = store.jobs if moment == "plan_of" else store.pages
    read = getattr(table, moment)

    def removed(*told: Any) -> Any:
        store.jobs.remove(job.id)
        return read(*told)

    monkeypatch.setattr(table, moment, removed)
    reply, content = answer(store, JobRequest(do, id=job.id))
    assert (reply.error, content) == ("UnknownJobError", b"")


def test_a_job_that_is_there_has_its_result_and_its_pages(store: Store, job: JobInfo) -> None:
    assert answer(store, JobRequest("result", id=job.id))[1] == b"[1,1]"
    reply, lines = answer(store, JobRequest("pages", id=job.id, after=1))
    assert (reply.after, lines) == (2, b'{"page":1,"results":1}\n')
    assert answer(store, JobRequest("pages", id=job.id, after=2))[0].after == 2


def large(store: Store) -> JobInfo:
    """A job that is done, of four pages of 1 MB."""
    made = add(store, 4)
    for number in range(4):
        finish(store, made, b'"%b"' % (b"%d" % number * 1_000_000))
    return made


def test_a_result_comes_page_by_page_as_its_reader_asks_for_more(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, read = large(store), []
    results = store.pages.results

    def noted(id: str, number: int) -> bytes | None:
        read.append(number)
        return results(id, number)

    monkeypatch.setattr(store.pages, "results", noted)
    told = answers(store).answer(JobRequest("result", id=job.id))
    assert next(told)[0].more
    assert read == []
    for number in range(4):
        reply, content = next(told)
        assert (reply.more, reply.size, read) == (True, len(content), list(range(number + 1)))
        assert len(content) < 1_100_000


def test_who_reads_a_result_slowly_keeps_nobody_from_writing(store: Store) -> None:
    job = large(store)
    told = answers(store).answer(JobRequest("result", id=job.id))
    for _ in range(2):
        next(told)
    other = threading.Thread(target=finish, args=(store, add(store, 1)))
    other.start()
    other.join(10)
    assert not other.is_alive()
    assert len(list(told)) == 5


def test_a_job_that_is_removed_while_its_result_is_sent_ends_it_with_an_error(store: Store) -> None:
    job = large(store)
    told = answers(store).answer(JobRequest("result", id=job.id))
    for _ in range(3):
        next(told)
    store.jobs.remove(job.id)
    rest = list(told)
    assert [(reply.error, reply.more) for reply, _ in rest] == [("UnknownJobError", False)]


@pytest.mark.parametrize("do", ["show", "list", "result", "pages", "cancel"])
def test_a_service_that_ends_says_so_and_blames_no_file(store: Store, job: JobInfo, do: str) -> None:
    store.close()
    reply, _ = answer(store, JobRequest(do, id=job.id))
    assert (reply.error, reply.retry_after, "the jobs service ends" in reply.message) == (
        "UnavailableError",
        2,
        True,
    )


@pytest.mark.parametrize("size", [0, 10_000_000])
def test_a_gateway_that_left_before_its_answer_is_no_mistake(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    has_left, threads = threading.Event(), []

    def answer(_: JobRequest) -> list[tuple[JobReply, bytes]]:
        threads.append(threading.current_thread())
        has_left.wait(10)
        return [(JobReply(size=size), bytes(size))]

    listener = socket.socket(socket.AF_UNIX)  # its thread serves for ever
    listener.bind(str(tmp_path / "jobs"))
    listener.listen()
    threading.Thread(target=serve, args=(listener, answer), daemon=True).start()
    with socket.socket(socket.AF_UNIX) as gateway:
        gateway.connect(str(tmp_path / "jobs"))
        lines.send(gateway.makefile("rwb"), JobRequest("list"))
        wait_until(lambda: threads)
        gateway.shutdown(socket.SHUT_RDWR)
        gateway.close()
        has_left.set()
        threads[0].join(10)
    assert (threads[0].is_alive(), caplog.text) == (False, "")
