"""Jobs of a running server, over HTTP."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.serving.jobs.documents import JobServer, lines, pdf
from tests.serving.pictures import png
from tests.serving.running import wait_until

NDJSON = {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    settings = {"max_body_mb": 1, "max_job_mb": 3, "others": {"desk": {}, "flow": {}}}
    with JobServer(tmp_path_factory.mktemp("home"), seconds=0.01, **settings) as running:
        yield running


def done(server: JobServer, name: str, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit a job, and wait: how it ended, and its result."""
    reply = server.submit(name, **options)
    assert reply.status_code == 202, reply.text
    job = server.wait_for(reply.json()["id"])
    return job, server.result(job["id"])


def document(count: int, **fields: str) -> dict[str, Any]:
    return {"files": {"images": ("a.pdf", pdf(count), "application/pdf")}, "data": fields}


def test_a_submit_is_answered_202_with_an_id_and_its_place(server: JobServer) -> None:
    reply = server.submit("pager/say", json={"texts": ["a"]})
    job = reply.json()
    assert (reply.status_code, reply.headers["Location"]) == (202, f"/jobs/{job['id']}")
    assert (job["state"], job["pages"]) == ("queued", {"done": 0, "failed": 0, "total": None})
    assert job["id"] in [each["id"] for each in server.get("/jobs").json()["jobs"]]


def test_a_result_is_the_envelope_of_the_synchronous_route(server: JobServer) -> None:
    sent = document(12, mark="m", pages="12")
    sync = server.post("pager", **sent, json=None).json()
    job, result = done(server, "pager", **sent)
    assert result == sync
    assert result["results"] == [lines(12, "m")]
    assert job["pages"] == {"done": 12, "failed": 0, "total": 12}


def test_all_pages_of_a_document_are_read_unless_pages_asks_for_some(server: JobServer) -> None:
    assert done(server, "pager", **document(15))[1]["results"] == [lines(15)]
    assert done(server, "pager", **document(5, pages="[3, 1]"))[1]["results"] == [[lines(5)[3], lines(5)[1]]]
    assert done(server, "pager", **document(5, pages="2"))[1]["results"] == [lines(2)]


def test_a_page_that_is_not_there_fails_the_job_with_the_reason(server: JobServer) -> None:
    reply = server.submit("pager", **document(2, pages="[5]"))
    assert "of which the last is 1" in server.wait_for(reply.json()["id"], "failed")["error"]


def test_pictures_and_documents_are_told_from_each_other_in_one_job(server: JobServer) -> None:
    parts = [("a.pdf", pdf(2)), ("b.png", png(30, 20)), ("c.txt", b"no picture")]
    sent = {"files": [("images", part) for part in parts]}
    sync = server.post("pager", **sent, json=None).json()
    _, result = done(server, "pager", **sent)
    assert result == sync
    assert "images[2]" in result["msg"]


def test_texts_are_a_page_each_and_other_arguments_go_with_all(server: JobServer) -> None:
    job, result = done(server, "pager/say", json={"texts": ["a", "b", "007"], "mark": "!"})
    assert (job["pages"]["total"], result["results"]) == (3, ["A!", "B!", "007!"])


@pytest.mark.parametrize("name", ["pager/add", "pager/count"])
def test_what_is_of_the_whole_is_one_request(server: JobServer, name: str) -> None:
    sent = {"json": {"numbers": [1, 2]}} if name == "pager/add" else document(3)
    job, result = done(server, name, **sent)
    assert (job["pages"]["total"], result["results"]) == (1, 3 if name == "pager/add" else [3])


def test_one_request_that_fails_fails_its_job(server: JobServer) -> None:
    id = server.submit("flow/fail", json={"after": 0}).json()["id"]
    job = server.wait_for(id, "failed")
    assert (job["pages"]["failed"], "flow raised KeyError" in job["error"]) == (1, True)


def test_a_page_that_fails_three_times_is_an_entry_and_the_job_goes_on(server: JobServer) -> None:
    job, result = done(server, "pager/say", json={"texts": ["fail-1", "refuse-1", "a"]})
    error, refused, text = result["results"]
    assert "RuntimeError: fail-1" in error["error"]
    assert "refuse-1" in refused["error"]
    assert text == "A"
    assert job["pages"] == {"done": 1, "failed": 2, "total": 3}
    began = server.began()
    assert (began.count("fail-1"), began.count("refuse-1")) == (3, 1)  # another try of that changes nothing


JSON = {"Content-Type": "application/json"}
PACKED_JSON = {**JSON, "Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pager/say", {"data": b"{", "headers": JSON}),
        ("pager/say", {"json": {"texts": ["a"], "paths": ["/etc/passwd"]}}),
        ("pager/say", {"data": b"a=1", "headers": {"Content-Type": "text/csv"}}),
        ("pager/say", {"json": {"texts": ["a"], "mrak": "!"}}),
        ("pager/say", {"json": {"texts": ["a"], "mark": 7}}),
        ("pager/say", {"json": {"mark": "!"}}),
        ("pager/say", {"data": gzip.compress(b'{"texts":["a"],"mark":7}'), "headers": PACKED_JSON}),
        ("pager/say", {"data": b"nonsense", "headers": PACKED_JSON}),
        ("pager/add", {"json": {"numbers": "x"}}),
        ("pager", {"files": {"images": ("a.pdf", pdf(1))}, "data": {"pages": "all"}}),
        ("pager", {"json": {"images": ["no base64!"]}}),
        ("pager", {"files": {"images": ("a.pdf", b"")}}),
    ],
    ids=[
        *("bad JSON", "a path of the server", "media type", "unknown name", "wrong type", "missing name"),
        *("wrong type, packed", "not packed", "no list", "pages", "no base64", "an empty file"),
    ],
)  # fmt: skip
def test_a_body_that_the_synchronous_route_refuses_makes_no_job(
    server: JobServer, name: str, options: dict[str, Any]
) -> None:
    before = server.get("/jobs").json()
    sync = server.post(name, None, **options)
    reply = server.submit(name, **options)
    assert (reply.status_code, reply.content) == (sync.status_code, sync.content)
    assert reply.headers["X-Hub-Error"] == sync.headers["X-Hub-Error"]
    assert 400 <= reply.status_code < 500
    assert server.get("/jobs").json() == before


def test_what_is_wrong_with_a_large_body_fails_its_job_before_a_page_is_sent(server: JobServer) -> None:
    large = {"texts": ["wrong-1", "b" * 1_500_000], "mrak": ""}
    job = server.wait_for(server.submit("pager/say", json=large).json()["id"], "failed")
    assert "unknown argument `mrak`" in job["error"]
    assert "Did you mean mark?" in job["error"]
    assert job["pages"]["total"] is None
    assert "wrong-1" not in server.began()


def test_a_job_all_of_whose_pages_failed_has_failed_with_the_first_ones_error(server: JobServer) -> None:
    id = server.submit("pager/say", json={"texts": ["refuse-2", "refuse-3", "refuse-4"]}).json()["id"]
    job = server.wait_for(id, "failed")
    assert job["pages"] == {"done": 0, "failed": 3, "total": 3}
    assert job["error"] == "all 3 pages failed; the first: refuse-2"
    reply = server.get(f"/jobs/{id}/result")
    assert (reply.status_code, "is failed: all 3 pages failed" in reply.json()["msg"]) == (409, True)
    said = server.session.get(f"{server.url}/jobs/{id}/result", headers=NDJSON, timeout=30).text
    *pages, last = map(json.loads, said.splitlines())
    assert pages == [{"page": number, "error": f"refuse-{number + 2}"} for number in range(3)]
    assert last == {"status": "101", "state": "failed", "msg": job["error"]}
    alone = server.submit("pager/say", json={"texts": ["refuse-5"]}).json()["id"]
    assert server.wait_for(alone, "failed")["error"] == "refuse-5"


SLIPS = [
    ("POST", "/jobs", 405, "POST /jobs/<name> submits a job, for one of pager, desk, flow, copy"),
    ("PUT", "/jobs", 405, "PUT /jobs names nothing to call"),
    ("DELETE", "/jobs", 405, "DELETE /jobs/<id> cancels one"),
    ("GET", "/jobs/pager", 404, "there is no job 'pager'; pager is what a job may call: POST /jobs/pager"),
    ("GET", "/jobs/copy", 404, "POST /jobs/copy submits one"),
    ("DELETE", "/jobs/pager", 404, "POST /jobs/pager submits one"),
    ("GET", "/jobs/pager/result", 404, "POST /jobs/pager submits one"),
    ("GET", "/jobs/nothing", 404, "there is no job 'nothing'"),
    ("GET", "/jobs/pager/say", 405, "POST submits a job"),
    ("GET", "/jobs/x/results", 404, "its result at /jobs/<id>/result"),
    ("GET", "/jobs/x/result/y", 404, "its result at /jobs/<id>/result"),
    ("DELETE", "/jobs/x/result", 405, "DELETE /jobs/x removes both"),
    ("POST", f"/jobs/{'ab' * 16}/cancel", 404, f"cancelled by DELETE /jobs/{'ab' * 16}"),
    ("POST", "/jobs/pagr", 404, "Did you mean pager?"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "code", "said"), SLIPS)
def test_a_route_that_was_taken_for_another_says_which_is_meant(
    server: JobServer, method: str, path: str, code: int, said: str
) -> None:
    reply = requests.request(method, server.url + path, json={"texts": ["a"]}, timeout=10)
    found = reply.json()
    assert (reply.status_code, list(found), found["results"]) == (code, ["msg", "results", "status"], "")
    assert said in found["msg"], found["msg"]
    assert code != 405 or reply.headers["Allow"]


def test_a_compressed_body_and_a_raw_document_are_taken(server: JobServer) -> None:
    packed = gzip.compress(json.dumps({"texts": ["a"]}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert done(server, "pager/say", data=packed, headers=headers)[1]["results"] == ["A"]
    raw = {"data": pdf(2), "headers": {"Content-Type": "application/pdf"}}
    assert done(server, "pager", **raw)[1]["results"] == [lines(2)]


def test_a_body_may_be_larger_than_max_body_mb_but_not_than_max_job_mb(server: JobServer) -> None:
    large = {"texts": ["a", "b" * 1_500_000], "mark": ""}
    assert server.post("pager/say", large).status_code == 413
    job, result = done(server, "pager/say", json=large)
    assert job["pages"]["total"] == 2
    assert result["results"][0] == "A"
    reply = server.submit("pager/say", json={"texts": ["b" * 3_500_000]})
    assert (reply.status_code, "max_job_mb" in reply.text) == (413, True)
    chunks = (b"x" * 500_000 for _ in range(8))
    reply = server.submit("pager/say", data=chunks, headers={"Content-Type": "application/json"})
    assert (reply.status_code, "max_job_mb" in reply.text) == (413, True)


def test_pages_come_as_lines_and_the_last_line_says_how_it_ended(server: JobServer) -> None:
    id = server.submit("pager/say", json={"texts": ["a", "fail-2", "b"]}).json()["id"]
    reply = server.session.get(f"{server.url}/jobs/{id}/result", headers=NDJSON, timeout=30)
    assert reply.headers["Content-Type"] == "application/x-ndjson"
    first, failed, third, last = map(json.loads, reply.text.splitlines())
    assert (first, third) == ({"page": 0, "results": "A"}, {"page": 2, "results": "B"})
    assert (failed["page"], "fail-2" in failed["error"]) == (1, True)
    assert last == {"status": "0", "state": "done", "msg": ""}


def test_the_first_page_comes_before_the_job_is_done(server: JobServer) -> None:
    id = server.submit("pager/say", json={"texts": list("abcdefghij") * 10}).json()["id"]
    with server.session.get(
        f"{server.url}/jobs/{id}/result", headers=NDJSON, timeout=30, stream=True
    ) as reply:
        first = next(reply.iter_lines(chunk_size=1))
        assert server.get(f"/jobs/{id}").json()["state"] == "running"
    assert json.loads(first) == {"page": 0, "results": "A"}
    server.wait_for(id)


def test_a_result_before_its_time_is_409_with_the_state(server: JobServer) -> None:
    id = server.submit("pager/say", json={"texts": list("abcdefghij") * 5}).json()["id"]
    reply = server.get(f"/jobs/{id}/result")
    assert reply.status_code == 409
    assert any(state in reply.json()["msg"] for state in ("is queued", "is running"))
    server.wait_for(id)


def test_a_job_is_cancelled_in_the_middle_and_then_forgotten(server: JobServer) -> None:
    texts = [f"cancel-{number}" for number in range(500)]
    id = server.submit("pager/say", json={"texts": texts}).json()["id"]
    wait_until(lambda: server.job(id)["pages"]["done"] > 2)
    reply = requests.delete(f"{server.url}/jobs/{id}", timeout=10)
    assert (reply.status_code, reply.json()["state"]) == (200, "cancelled")
    said = server.get(f"/jobs/{id}/result")
    assert (said.status_code, "is cancelled" in said.text) == (409, True)
    done(server, "pager/say", json={"texts": ["after"]})
    began = server.began()
    assert sum(text.startswith("cancel-") for text in began[began.index("after") :]) == 0
    assert requests.delete(f"{server.url}/jobs/{id}", timeout=10).status_code == 200
    assert server.get(f"/jobs/{id}").status_code == 404
    assert requests.delete(f"{server.url}/jobs/{id}", timeout=10).status_code == 404


def test_an_idempotency_key_makes_a_repeated_submit_the_same_job(server: JobServer) -> None:
    headers = {"Idempotency-Key": "key-1"}
    sent = document(1)
    first = server.submit("pager", **sent, headers=headers)
    again = server.submit("pager", **sent, headers=headers)  # the form has another boundary
    assert first.json()["id"] == again.json()["id"]
    assert again.status_code == 202
    other = server.submit("pager", **document(2), headers=headers)
    assert (other.status_code, "another body" in other.json()["msg"]) == (409, True)
    wrong = server.submit("pager", **document(1), headers={"Idempotency-Key": "a b"})
    assert (wrong.status_code, "Idempotency-Key" in wrong.text) == (400, True)


@pytest.mark.parametrize(
    ("name", "code"), [("nobody", 404), ("pager/nothing", 404), ("pager/say", 400)], ids=str
)
def test_a_submit_that_means_nothing_is_refused_at_once(server: JobServer, name: str, code: int) -> None:
    options: dict[str, Any] = {} if code == 400 else {"json": {"texts": ["a"]}}
    assert server.submit(name, **options).status_code == code


def test_a_pipelines_endpoint_has_jobs_and_its_reply_is_the_result(server: JobServer) -> None:
    body = {"file": "eA==", "wish": "all"}
    sync = server.session.post(f"{server.url}/copy", json=body, timeout=10).json()
    job, result = done(server, "copy", json=body)
    assert (job["name"], result) == ("copy", sync)
    refused = server.submit("copy", data=pdf(1), headers={"Content-Type": "application/pdf"})
    assert refused.status_code == 415
    failed = server.submit("copy", json={"wish": "raise"}).json()["id"]
    assert "broken" in server.wait_for(failed, "failed")["error"]
    teapot = server.submit("copy", json={"wish": "teapot"}).json()["id"]
    assert server.wait_for(teapot, "failed")["error"] == "a teapot"


def test_files_of_a_job_go_when_it_ends(server: JobServer) -> None:
    done(server, "pager", **document(2))
    files = server.home / "jobs" / str(server.port) / "files"
    wait_until(lambda: not list(files.iterdir()))


def test_nobody_passes_for_the_jobs_service(server: JobServer) -> None:
    headers = {"X-Hub-Job-Token": "x", "X-Hub-Job-Page": "0/7"}
    files = {"images": ("a.png", png(30, 20), "image/png")}
    assert server.post("pager", json=None, files=files, headers=headers).json()["results"] == [
        [{"width": 30, "mark": ""}]
    ]


@pytest.mark.parametrize("after", ["9" * 20, "-1", "1.5", "٣", "", "x"])
def test_after_is_a_number_of_pages_or_refused(server: JobServer, after: str) -> None:
    id = server.submit("pager/say", json={"texts": ["a"]}).json()["id"]
    reply = server.session.get(f"{server.url}/jobs/{id}/result", params={"after": after}, headers=NDJSON)
    assert (reply.status_code, "after must be" in reply.text) == (400, True)


def test_questions_for_lines_that_are_refused_take_no_place_of_others(server: JobServer) -> None:
    id = done(server, "pager/say", json={"texts": ["a"]})[0]["id"]
    place = f"{server.url}/jobs/{id}/result"
    for headers in ({"X-Request-Timeout": "soon"}, {"X-Request-Timeout": "0"}):
        for _ in range(10):
            assert requests.get(place, headers=NDJSON | headers, timeout=10).status_code == 400
    assert server.session.get(place, headers=NDJSON).status_code == 200


def test_head_of_lines_has_no_body_and_keeps_the_connection(server: JobServer) -> None:
    id = done(server, "pager/say", json={"texts": ["a"]})[0]["id"]
    head = f"HEAD /jobs/{id}/result HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n"
    last = f"GET /jobs/{id} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall((head + last).encode())
        with caller.makefile("rb") as file:
            first, _, rest = file.read().partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200")
    assert rest.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("chunks", [(), (b"",)])
def test_a_body_in_chunks_that_is_empty_is_refused_as_any_empty_one(
    server: JobServer, chunks: tuple[bytes, ...]
) -> None:
    reply = server.submit("pager/say", data=iter(chunks), headers={"Content-Type": "application/json"})
    assert (reply.status_code, "is empty" in reply.text) == (400, True)


def test_a_streams_job_has_the_list_of_all_items(server: JobServer) -> None:
    job, result = done(server, "flow/tick", json={"times": 3})
    assert job["pages"] == {"done": 1, "failed": 0, "total": 1}
    assert result == {"msg": "", "results": [{"number": number} for number in range(3)], "status": "0"}
    assert done(server, "flow", json={"upto": 0})[1]["results"] == []
    failed = server.submit("flow/fail", json={"after": 2}).json()["id"]
    assert "flow raised KeyError" in server.wait_for(failed, "failed")["error"]
