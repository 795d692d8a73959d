"""Jobs by ``hub.Client``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

import hub
from hub.client import job_steps
from hub.client.job_steps import JobPage
from hub.errors import (
    BindingError,
    ConflictError,
    DeadlineError,
    UnavailableError,
    UnknownJobError,
    UnknownModuleError,
)
from tests.serving.jobs.documents import JobServer, lines, pdf


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    with JobServer(tmp_path_factory.mktemp("home"), others={"desk": {}}) as running:
        yield running


@pytest.fixture
def client(server: JobServer) -> Iterator[hub.Client]:
    with hub.Client(server.url, timeout=30) as made:
        yield made


def test_a_job_is_submitted_waited_for_and_has_the_results_of_predict(client: hub.Client) -> None:
    job = client.submit("pager", images=[pdf(12)], mark="m")
    told = job.wait()
    assert (told["state"], told["pages"]) == ("done", {"done": 12, "failed": 0, "total": 12})
    assert job.result() == [lines(12, "m")] == client.predict("pager", images=[pdf(12)], mark="m", pages=12)
    assert job.id in [each["id"] for each in client.jobs()]


def test_to_iterate_over_a_job_gives_its_pages_in_order(client: hub.Client) -> None:
    job = client.submit("pager", method="say", texts=["a", "fail", "b"])
    first, failed, last = job
    assert (first, last) == (JobPage(0, "A"), JobPage(2, "B"))
    assert failed.error is not None and "fail" in failed.error


def test_a_job_is_found_again_by_its_id_and_cancelled(client: hub.Client) -> None:
    job = client.submit("pager", method="say", texts=["x"] * 500)
    with pytest.raises(DeadlineError, match="it goes on"):
        job.wait(timeout=0.1)
    with pytest.raises(ConflictError):
        job.result()
    assert client.job(job.id).cancel()["state"] == "cancelled"
    with pytest.raises(ConflictError, match="cancelled"):
        list(job)
    job.cancel()
    with pytest.raises(UnknownJobError):
        job.info()


def test_what_is_wrong_with_a_job_is_an_error_of_the_servers_class(client: hub.Client) -> None:
    with pytest.raises(UnknownModuleError):
        client.submit("nobody", texts=["a"])
    with pytest.raises(BindingError, match="Idempotency-Key"):
        client.submit("pager", method="say", texts=["a"], idempotency_key="a b")
    with pytest.raises(BindingError, match="`numbers` must be"):
        client.submit("pager", method="add", numbers="x")


def test_a_job_that_failed_says_why_however_it_is_asked(client: hub.Client) -> None:
    job = client.submit("pager", method="say", texts=["refuse-a", "refuse-b"])
    told = job.wait()
    assert (told["state"], told["error"]) == ("failed", "all 2 pages failed; the first: refuse-a")
    with pytest.raises(ConflictError, match="is failed: all 2 pages failed; the first: refuse-a"):
        job.result()
    seen = []
    with pytest.raises(ConflictError, match="all 2 pages failed"):
        for page in job:
            seen.append(page.error)
    assert seen == ["refuse-a", "refuse-b"]


def test_a_key_of_the_callers_own_makes_a_repeated_submit_the_same_job(client: hub.Client) -> None:
    first, again = (client.submit("pager", method="add", numbers=[1], idempotency_key="k") for _ in range(2))
    assert first.id == again.id


def test_a_pipelines_job_has_its_whole_reply(client: hub.Client) -> None:
    job = client.submit("copy", file=b"x", wish="all")
    job.wait()
    assert job.result()["result"]["body"] == {"file": "1 bytes", "wish": "all"}


def test_all_of_it_is_there_for_asyncio(server: JobServer) -> None:
    async def use() -> None:
        async with hub.AsyncClient(server.url, timeout=30) as client:
            job = await client.submit("pager", method="say", texts=["a", "b"])
            assert [page.results async for page in job] == ["A", "B"]
            assert (await job.wait())["state"] == "done"
            assert await job.result() == ["A", "B"]
            assert job.id in [each["id"] for each in await client.jobs()]
            assert (await client.job(job.id).info())["state"] == "done"
            assert (await job.cancel())["state"] == "done"

    asyncio.run(use())


@pytest.mark.unit
def test_the_last_line_says_how_the_job_ended() -> None:
    assert job_steps.page('{"status": "0", "state": "done", "msg": ""}', "j") is None
    with pytest.raises(ConflictError, match="job j is failed: no disk"):
        job_steps.page('{"status": "101", "state": "failed", "msg": "no disk"}', "j")


@pytest.mark.unit
@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_lines_that_break_off_are_not_the_end_of_a_job(state: str) -> None:
    with pytest.raises(UnavailableError, match="does not answer"):
        job_steps.page(f'{{"status": "101", "state": "{state}", "msg": "it does not answer"}}', "j")


@pytest.mark.slow
def test_a_client_waits_through_a_restart_of_the_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = JobServer(tmp_path_factory.mktemp("home"))
    try:
        with hub.Client(server.url, timeout=30) as client:
            job = client.submit("pager", method="say", texts=[str(number) for number in range(100)])
            pages = iter(job)
            assert next(pages).results == "0"
            server.process.kill()
            server.process.wait()
            server = JobServer(server.home, port=server.port)
            assert [page.results for page in pages] == [str(number) for number in range(1, 100)]
            assert job.wait()["state"] == "done"
    finally:
        server.stop()
