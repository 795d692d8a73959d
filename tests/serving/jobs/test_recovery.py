"""Servers that are killed under their jobs."""

from __future__ import annotations

import io
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from hub import settings
from tests.serving.jobs.documents import JobServer, lines, pdf
from tests.serving.running import ROOT, Server, wait_until

_PAGES = 300
_KILLS = 5


def restarted(server: JobServer, **settings: Any) -> JobServer:
    """The same server again, after its supervisor alone was killed with SIGKILL."""
    server.process.kill()
    server.process.wait()
    return JobServer(server.home, port=server.port, **settings)


def ended_pages(server: JobServer, id: str) -> int:
    try:
        return int(server.job(id)["pages"]["done"])
    except requests.RequestException:
        return 0


@pytest.mark.timeout(180)
def test_a_job_survives_five_kills_of_the_supervisor_without_a_page_lost_or_done_twice(home: Path) -> None:
    server = JobServer(home)
    try:
        sent = {"files": {"images": ("a.pdf", pdf(_PAGES), "application/pdf")}}
        id = server.submit("pager", **sent).json()["id"]
        for kill in range(_KILLS):
            enough = (kill + 1) * _PAGES // (_KILLS + 2)
            wait_until(lambda: ended_pages(server, id) >= enough, 60)  # noqa: B023
            reported = server.job(id)["pages"]["done"]
            server = restarted(server)
            again = server.began()[:]
            wait_until(lambda: ended_pages(server, id) >= reported, 30)  # noqa: B023
            assert server.job(id)["pages"]["done"] >= reported
            before = {str(page) for page in range(reported)}
            assert not before & set(server.began()[len(again) :])
        job = server.wait_for(id, seconds=90)
        assert job["pages"] == {"done": _PAGES, "failed": 0, "total": _PAGES}
        assert server.result(id) == {"msg": "", "results": [lines(_PAGES)], "status": "0"}
        began = Counter(server.began())
        assert set(began) == {str(page) for page in range(_PAGES)}
        assert began.total() <= _PAGES + _KILLS  # one page is under way at once
    finally:
        server.stop()


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.timeout(600)
def test_a_job_of_ocr_survives_kills_of_the_supervisor(home: Path) -> None:
    weights = settings.hub_home() / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    home.mkdir()
    (home / "weights").symlink_to(weights)
    others = {"ocr_system": {"init_args": {"directory": str(ROOT / "deploy" / "hubserving" / "ocr_system")}}}
    pictures = [Image.open(path).convert("RGB") for path in sorted((ROOT / "doc" / "imgs").glob("*.jpg"))[:4]]
    file = io.BytesIO()
    pictures[0].save(file, "PDF", save_all=True, append_images=[*pictures[1:], *pictures, *pictures])
    sent = {"files": {"images": ("a.pdf", file.getvalue(), "application/pdf")}, "data": {"pages": "12"}}
    server = JobServer(home, others=others)
    try:
        id = server.submit("ocr_system", **sent).json()["id"]
        for enough in (3, 7):
            wait_until(lambda: ended_pages(server, id) >= enough, 120)  # noqa: B023
            server = restarted(server, others=others)
        assert server.wait_for(id, seconds=120)["pages"] == {"done": 12, "failed": 0, "total": 12}
        assert server.result(id) == server.post("ocr_system", **sent, json=None, timeout=120).json()
    finally:
        server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("role", ["jobs", "gateway"])
def test_a_helper_that_is_killed_costs_a_job_nothing(home: Path, role: str) -> None:
    with JobServer(home) as server:
        id = server.submit("pager/say", json={"texts": [str(number) for number in range(60)]}).json()["id"]
        wait_until(lambda: ended_pages(server, id) > 5)
        process = next(each for each in server.state().processes if each.role == role)
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: ended_pages(server, id) == 60, 40)
        assert server.result(id)["results"] == [str(number) for number in range(60)]


@pytest.mark.slow
def test_a_runner_that_dies_costs_a_job_nothing(home: Path) -> None:
    with JobServer(home) as server:
        id = server.submit("pager/say", json={"texts": [str(number) for number in range(60)]}).json()["id"]
        wait_until(lambda: ended_pages(server, id) > 5)
        server.kill_runner("pager")
        assert server.wait_for(id)["pages"] == {"done": 60, "failed": 0, "total": 60}


def test_what_must_not_run_twice_does_not_after_a_kill(home: Path) -> None:
    server = JobServer(home)
    try:
        id = server.submit("pager/pay", json={"texts": ["a", "b", "c"]}).json()["id"]
        wait_until(lambda: "a" in server.began())
        server = restarted(server)
        wait_until(lambda: server.job(id)["state"] == "done", 30)
        assert Counter(server.began()).most_common(1)[0][1] == 1
        first, *others = server.result(id)["results"]
        assert "must not run twice" in first["error"]
        assert others == ["b", "c"]
    finally:
        server.stop()


@pytest.mark.slow
def test_a_server_that_is_stopped_goes_on_with_its_jobs_at_the_next_start(home: Path) -> None:
    texts = [str(number) for number in range(60)]
    with JobServer(home) as server:
        id = server.submit("pager/say", json={"texts": texts}).json()["id"]
        wait_until(lambda: ended_pages(server, id) > 5)
    with JobServer(home, port=server.port) as again:
        again.wait_for(id)
        assert again.result(id)["results"] == texts
        assert Counter(again.began()).total() == 60  # the page under way was finished first


@pytest.mark.slow
def test_the_process_for_jobs_starts_with_the_first_one_or_with_the_server(home: Path) -> None:
    def roles(server: Server) -> list[str]:
        return [process.role for process in server.state().processes]

    with JobServer(home) as server:
        assert "jobs" not in roles(server)
        server.wait_for(server.submit("pager/say", json={"texts": ["a"]}).json()["id"])
        assert "jobs" in roles(server)
    with JobServer(home / "other", jobs=True) as server:
        assert "jobs" in roles(server)
