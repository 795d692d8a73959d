"""Jobs with engine ray: the same routes, and nothing lost when the server is killed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.serving.jobs.documents import lines, pdf
from tests.serving.ray.running import START_SECONDS, RayServer
from tests.serving.running import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.usefixtures("_ray")]
_PAGES = 10


def start(home: Path, port: int = 0) -> RayServer:
    """A server whose module takes a second for a page, so that a kill comes in the middle."""
    pager = {"init_args": {"journal": str(home / "journal"), "seconds": 1.0}}
    return RayServer(home, {"pager": pager}, port=port, access_log=False)


def done_pages(server: RayServer, id: str) -> int:
    try:
        return int(server.get(f"/jobs/{id}").json()["pages"]["done"])
    except requests.RequestException:
        return 0


def test_a_job_on_ray_survives_a_kill_of_the_supervisor_without_a_page_lost(home: Path) -> None:
    server = start(home)
    try:
        files = {"images": ("a.pdf", pdf(_PAGES), "application/pdf")}
        reply = server.session.post(f"{server.url}/jobs/pager", files=files, timeout=60)
        id = reply.json()["id"]
        assert (reply.status_code, reply.headers["Location"]) == (202, f"/jobs/{id}")
        wait_until(lambda: done_pages(server, id) >= 3, START_SECONDS)
        reported = done_pages(server, id)
        server.process.kill()
        server.process.wait()
        server = start(home, server.port)
        wait_until(lambda: done_pages(server, id) == _PAGES, START_SECONDS)
        job = server.get(f"/jobs/{id}").json()
        assert (job["state"], job["pages"]) == ("done", {"done": _PAGES, "failed": 0, "total": _PAGES})
        assert server.get(f"/jobs/{id}/result").json()["results"] == [lines(_PAGES)]
        began = Counter((home / "journal").read_text().split())
        assert set(began) == {str(page) for page in range(_PAGES)}
        assert {began[str(page)] for page in range(reported)} == {1}  # a page that is done stays done
    finally:
        server.stop()
