"""Jobs on a server, disk or clock that is not as it should be: each has one clear answer."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from filelock import FileLock

from hub.serving.jobs.database import Database, until_kept
from tests.faults.small_disk import with_disk
from tests.serving.jobs.documents import JobServer
from tests.serving.jobs.stores import add, finish, open_store
from tests.serving.running import wait_until

ONE: dict[str, Any] = {"json": {"texts": ["a"]}}


def jobs_dir(server: JobServer) -> Path:
    return server.home / "jobs" / str(server.port)


def test_a_disk_without_room_is_507_and_the_rest_goes_on(home: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with JobServer(home, prefix=with_disk(disk, "size=4m"), jobs_dir=str(disk)) as server:
        reply = server.submit("pager/say", **ONE)
        assert (reply.status_code, "jobs_dir" in reply.json()["msg"]) == (507, True)
        assert server.post("pager/say", {"texts": ["a"]}).status_code == 200


@pytest.mark.slow
def test_bodies_over_max_jobs_gb_are_507(home: Path) -> None:
    with JobServer(home, max_jobs_gb=0.001) as server:
        reply = server.submit("pager/say", json={"texts": ["a" * 2_000_000]})
        assert (reply.status_code, "max_jobs_gb" in reply.json()["msg"]) == (507, True)


@pytest.mark.unit
def test_a_result_waits_for_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(tmp_path / "jobs.sqlite")
    (pages,) = database.rows("PRAGMA page_count")[0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    monkeypatch.setattr(time, "sleep", lambda _: database.rows("PRAGMA max_page_count = 100000"))

    def write() -> None:
        with database.transaction() as connection:
            connection.execute("CREATE TABLE large AS SELECT zeroblob(100000) AS content")

    with pytest.raises(sqlite3.OperationalError, match="full"):
        write()
    until_kept(write, lambda: False)
    assert database.rows("SELECT length(content) FROM large") == [(100000,)]


def test_a_damaged_database_is_503_and_named_and_left_as_it_is(home: Path) -> None:
    with JobServer(home) as server:
        database = jobs_dir(server) / "jobs.sqlite"
        server.wait_for(server.submit("pager/say", **ONE).json()["id"])
    data = b"damaged!" * 2000
    database.write_bytes(data)
    with JobServer(home, port=server.port) as again:
        for reply in (again.submit("pager/say", **ONE), again.get("/jobs")):
            assert (reply.status_code, str(database) in reply.json()["msg"]) == (503, True)
            assert "move the folder" in reply.json()["msg"]
        assert database.read_bytes() == data
        assert str(database) in again.log()
        database.parent.rename(home / "moved")
        wait_until(lambda: again.submit("pager/say", **ONE).status_code == 202)


def test_a_folder_that_another_server_holds_is_503_until_that_one_ends(home: Path) -> None:
    with JobServer(home) as server:
        jobs_dir(server).mkdir(parents=True)
        lock = FileLock(jobs_dir(server) / "lock")
        with lock:
            reply = server.submit("pager/say", **ONE)
            assert (reply.status_code, "another server" in reply.json()["msg"]) == (503, True)
            assert "there can be no jobs" in server.log()
        wait_until(lambda: server.submit("pager/say", **ONE).status_code == 202)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_503_with_its_name(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with JobServer(home, jobs=True, jobs_dir=str(tmp_path / "file")) as server:
        for reply in (server.submit("pager/say", **ONE), server.get("/jobs")):
            assert (reply.status_code, str(tmp_path / "file") in reply.json()["msg"]) == (503, True)
        assert "there can be no jobs" in server.log()


@pytest.mark.slow
def test_two_servers_of_one_home_have_jobs_of_their_own(home: Path) -> None:
    with JobServer(home) as one, JobServer(home) as other:
        id = one.submit("pager/say", **ONE).json()["id"]
        assert other.get(f"/jobs/{id}").status_code == 404
        assert other.get("/jobs").json() == {"jobs": []}
        one.wait_for(id)


def submitted_at_once(server: JobServer, count: int) -> list[requests.Response]:
    def submit(number: int) -> requests.Response:
        return requests.post(f"{server.url}/jobs/pager/say", json={"texts": [str(number)]}, timeout=60)

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(submit, range(count)))


def test_more_jobs_at_once_than_max_jobs_are_429_and_the_others_are_done(home: Path) -> None:
    with JobServer(home, seconds=0.1, max_jobs=30) as server:
        replies = submitted_at_once(server, 40)
        codes = Counter(reply.status_code for reply in replies)
        assert set(codes) == {202, 429}
        refused = next(reply for reply in replies if reply.status_code == 429)
        assert (refused.headers["Retry-After"], "max_jobs" in refused.json()["msg"]) == ("10", True)
        wait_until(lambda: {job["state"] for job in server.get("/jobs").json()["jobs"]} == {"done"}, 40)
        assert sorted(server.began()) == sorted(
            str(number) for number, reply in enumerate(replies) if reply.status_code == 202
        )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thousand_jobs_at_once_are_all_done(home: Path) -> None:
    with JobServer(home, seconds=0.0) as server:
        assert {reply.status_code for reply in submitted_at_once(server, 1000)} == {202}
        wait_until(lambda: {job["state"] for job in server.get("/jobs").json()["jobs"]} == {"done"}, 200)
        assert sorted(server.began()) == sorted(map(str, range(1000)))


def test_a_job_belongs_to_the_key_that_made_it(home: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("王 & Müller: 0123456789abcdef-anna\nben: 0123456789abcdef-ben\n")
    anna, ben = ({"X-API-Key": f"0123456789abcdef-{name}"} for name in ("anna", "ben"))
    with JobServer(home, api_key_file=str(keys), status_style="2.x") as server:
        assert server.submit("pager/say", **ONE).status_code == 401
        assert server.get("/jobs").status_code == 401
        id = server.submit("pager/say", **ONE, headers=anna).json()["id"]
        session = server.session
        session.headers.update(ben)
        for path in (f"/jobs/{id}", f"/jobs/{id}/result"):
            assert (server.get(path).status_code, server.get("/jobs").json()) == (404, {"jobs": []})
        assert session.delete(f"{server.url}/jobs/{id}").status_code == 404
        other = server.submit("pager/say", **ONE, headers={"Idempotency-Key": "k"}).json()["id"]
        session.headers.update(anna)
        assert server.submit("pager/say", **ONE, headers={"Idempotency-Key": "k"}).json()["id"] != other
        server.wait_for(id)
        assert server.result(id) == {"msg": "", "results": ["A"], "status": "000"}
        assert server.submit("nobody", **ONE).status_code == 404  # 2.x's 200 for errors is of /predict
        texts = {"texts": ["x"] * 300}
        id = server.submit("pager/say", json=texts).json()["id"]
        wait_until(lambda: server.job(id)["pages"]["done"] > 0)
        keys.write_text("anna-2: 0123456789abcdef-anna\nben: 0123456789abcdef-ben\n")
        session.headers.update(ben)
        wait_until(lambda: "not valid any more" in _error(home, server, id))


def _error(home: Path, server: JobServer, id: str) -> str:
    with sqlite3.connect(jobs_dir(server) / "jobs.sqlite") as database:
        return str(database.execute("SELECT error FROM jobs WHERE id = ?", (id,)).fetchone()[0])


@pytest.mark.slow
def test_results_go_when_their_time_is_over(home: Path) -> None:
    home.mkdir()
    with JobServer(home) as server:
        jobs = jobs_dir(server)
        id = server.submit("pager/say", **ONE).json()["id"]
        server.wait_for(id)
    time.sleep(0.1)
    with JobServer(home, port=server.port, job_ttl=0.05) as again:
        wait_until(lambda: again.get(f"/jobs/{id}").status_code == 404)
    assert list((jobs / "files").iterdir()) == []


@pytest.mark.unit
def test_a_removed_job_gives_its_room_back(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    job = add(store, 1)
    finish(store, job, b'"' + b"x" * 4_000_000 + b'"')
    store.jobs.remove(job.id)
    store.close()
    assert (tmp_path / "jobs.sqlite").stat().st_size < 1_000_000
