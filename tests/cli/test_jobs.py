"""``hub jobs`` and ``hub predict --job``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.jobs.documents import JobServer, lines, pdf
from tests.serving.running import hub


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    with JobServer(tmp_path_factory.mktemp("home")) as running:
        yield running


def told(server: JobServer, *words: str) -> str:
    return hub("jobs", *words, "--url", server.url, home=server.home).stdout


def test_jobs_are_listed_shown_cancelled_and_cleared(server: JobServer) -> None:
    done = server.submit("pager/say", json={"texts": ["a", "b"]}).json()["id"]
    server.wait_for(done)
    running = server.submit("pager/say", json={"texts": ["x"] * 2000}).json()["id"]
    listed = told(server, "list")
    assert done in listed and running in listed and "2 of 2" in listed
    assert json.loads(told(server, "list", "--json"))[0]["id"] == done
    assert "done" in told(server, "show", done)
    assert json.loads(told(server, "show", done, "--json"))["pages"]["total"] == 2
    assert told(server, "cancel", running) == f"{running} was running and is cancelled\n"
    assert told(server, "clear") == "2 jobs removed\n"
    assert json.loads(told(server, "list", "--json")) == []


def test_a_job_that_is_not_there_is_one_line(server: JobServer) -> None:
    ended = hub("jobs", "show", "nothing", "--url", server.url, home=server.home, check=False)
    assert (ended.returncode, ended.stderr) == (1, "Error: there is no job 'nothing'\n")


def test_predict_has_files_done_as_jobs(server: JobServer, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(12))
    target = [f"{server.url}/predict/pager", str(tmp_path / "a.pdf")]
    ended = hub("predict", *target, "--job", home=server.home)
    assert json.loads(ended.stdout)["results"] == [lines(12)]
    ended = hub("predict", *target, "--job", "--arguments", '{"pages": [20]}', home=server.home, check=False)
    assert (ended.returncode, "of which the last is 11" in ended.stderr) == (1, True)


def test_predict_says_why_a_job_failed_and_fails(server: JobServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("refuse-x\nrefuse-y\n")
    target = [f"{server.url}/predict/pager/say", str(tmp_path / "a.txt"), "--job"]
    ended = hub("predict", *target, home=server.home, check=False)
    assert (ended.returncode, "all 2 pages failed; the first: refuse-x" in ended.stderr) == (1, True), ended
    ended = hub("predict", *target, "--arguments", '{"mrak": 1}', home=server.home, check=False)
    assert (ended.returncode, "unknown argument `mrak`" in ended.stderr) == (1, True), ended


def test_predict_calls_another_method_by_its_path(server: JobServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    for options in ([], ["--job"]):
        target = [f"{server.url}/predict/pager/say", str(tmp_path / "a.txt"), *options]
        assert json.loads(hub("predict", *target, home=server.home).stdout)["results"] == ["ONE", "TWO"]
    ended = hub("predict", f"{server.url}/predict/pager/fail", "x", home=server.home, check=False)
    assert (ended.returncode, "It has: read, " in ended.stderr) == (1, True), ended


def test_predict_without_a_server_has_no_jobs(server: JobServer, tmp_path: Path) -> None:
    ended = hub("predict", "pager", str(tmp_path), "--job", home=server.home, check=False)
    assert (ended.returncode, "--job is for a URL" in ended.stderr) == (2, True)
