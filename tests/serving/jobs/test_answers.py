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


@pytest.mark.parametrize("do", ["result", "pages"])
@pytest.mark.parametrize("moment", ["plan_of", "finished_pages"])
def test_a_job_that_is_removed_while_its_result_is_read_is_unknown_and_not_empty(
    store: Store, job: JobInfo, monkeypatch: pytest.MonkeyPatch, do: str, moment: str
) -> None:
    table = store.pages if moment == "finished_pages" else store.jobs
    read = getattr(table, moment)

    def removed(*told: Any) -> Any:
        store.jobs.remove(job.id)
        return read(*told)

    monkeypatch.setattr(table, moment, removed)
    reply, content = answers(store).answer(JobRequest(do, id=job.id))
    if do == "pages" and moment == "plan_of":  # which it does not read
        assert reply.after == 2
    else:
        assert (reply.error, content) == ("UnknownJobError", b"")


def test_a_job_that_is_there_has_its_result_and_its_pages(store: Store, job: JobInfo) -> None:
    assert answers(store).answer(JobRequest("result", id=job.id))[1] == b"[1,1]"
    reply, lines = answers(store).answer(JobRequest("pages", id=job.id, after=1))
    assert (reply.after, lines) == (2, b'{"page":1,"results":1}\n')
    assert answers(store).answer(JobRequest("pages", id=job.id, after=2))[0].after == 2


@pytest.mark.parametrize("do", ["show", "list", "result", "pages", "cancel"])
def test_a_service_that_ends_says_so_and_blames_no_file(store: Store, job: JobInfo, do: str) -> None:
    store.close()
    reply, _ = answers(store).answer(JobRequest(do, id=job.id))
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

    def answer(_: JobRequest) -> tuple[JobReply, bytes]:
        threads.append(threading.current_thread())
        has_left.wait(10)
        return JobReply(size=size), bytes(size)

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
