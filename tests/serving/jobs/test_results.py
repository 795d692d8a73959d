"""Results of many megabytes: sent in pieces, by processes that never hold all of them."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

import hub
from hub.errors import UnknownJobError
from tests.serving.jobs.documents import JobServer
from tests.serving.running import wait_until

_TEXTS = [chr(97 + number % 26) * 1_000_000 for number in range(60)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobServer]:
    with JobServer(tmp_path_factory.mktemp("home"), seconds=0.0, max_body_mb=8, http_workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def large(server: JobServer) -> str:
    """A job whose result has 60 MB."""
    id: str = server.submit("pager/say", json={"texts": _TEXTS}).json()["id"]
    server.wait_for(id)
    return id


def peak_bytes(server: JobServer, role: str) -> int:
    process = next(each for each in server.state().processes if each.role == role)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return max(_peak(pid) for pid in [str(process.pid), *children])


def _peak(pid: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def forget_peaks(server: JobServer, role: str) -> None:
    """Have the kernel count the peak anew."""
    process = next(each for each in server.state().processes if each.role == role)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in [str(process.pid), *children]:
        Path(f"/proc/{pid}/clear_refs").write_text("5")


@pytest.mark.parametrize("role", ["gateway", "jobs"])
def test_no_process_holds_the_whole_of_a_large_result(server: JobServer, large: str, role: str) -> None:
    forget_peaks(server, role)
    before = peak_bytes(server, role)
    digest = hashlib.sha256()
    with requests.get(f"{server.url}/jobs/{large}/result", stream=True, timeout=60) as reply:
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/json")
        for part in reply.iter_content(1 << 16):
            digest.update(part)
    wanted = {"msg": "", "results": [text.upper() for text in _TEXTS], "status": "0"}
    assert digest.digest() == hashlib.sha256(json.dumps(wanted, separators=(",", ":")).encode()).digest()
    assert peak_bytes(server, role) - before < 20_000_000


@pytest.mark.parametrize("role", ["gateway", "jobs"])
def test_no_process_holds_the_whole_of_many_lines(server: JobServer, large: str, role: str) -> None:
    forget_peaks(server, role)
    before = peak_bytes(server, role)
    place, headers = f"{server.url}/jobs/{large}/result", {"Accept": "application/x-ndjson"}
    with requests.get(place, headers=headers, stream=True, timeout=60) as reply:
        size = sum(map(len, reply.iter_content(1 << 16)))
    assert size > 60_000_000
    assert peak_bytes(server, role) - before < 40_000_000


def test_a_result_of_some_megabytes_is_to_the_byte_that_of_the_synchronous_route(server: JobServer) -> None:
    body = {"texts": _TEXTS[:5], "mark": 'é\n"'}
    sync = server.post("pager/say", body)
    id = server.submit("pager/say", json=body).json()["id"]
    server.wait_for(id)
    reply = server.get(f"/jobs/{id}/result")
    assert reply.headers["Transfer-Encoding"] == "chunked"
    assert reply.content == sync.content


def test_a_small_result_has_a_length(server: JobServer) -> None:
    id = server.submit("pager/say", json={"texts": ["a"]}).json()["id"]
    server.wait_for(id)
    reply = server.get(f"/jobs/{id}/result")
    assert (reply.headers["Content-Length"], reply.content) == (
        "39",
        b'{"msg":"","results":["A"],"status":"0"}',
    )


def slow_reader(server: JobServer, id: str, version: str = "1.1") -> socket.socket:
    """A caller that takes the first bytes of a result, and no more for the time being."""
    caller = socket.socket()
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    caller.settimeout(20)
    caller.connect(("127.0.0.1", server.port))
    caller.sendall(f"GET /jobs/{id}/result HTTP/{version}\r\nHost: a\r\n\r\n".encode())
    assert caller.recv(20).startswith(b"HTTP/1.1 200 OK")
    return caller


def test_slow_readers_of_results_keep_no_job_from_its_end(server: JobServer, large: str) -> None:
    callers = [slow_reader(server, large) for _ in range(4)]
    try:
        id = server.submit("pager/say", json={"texts": list("abc")}).json()["id"]
        server.wait_for(id)
        assert server.result(id)["results"] == ["A", "B", "C"]
    finally:
        for caller in callers:
            caller.close()


def test_more_readers_of_large_results_than_there_are_places_are_asked_to_come_again(
    server: JobServer, large: str
) -> None:
    callers = [slow_reader(server, large) for _ in range(8)]
    try:
        reply = server.get(f"/jobs/{large}/result")
        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    finally:
        for caller in callers:
            caller.close()
    wait_until(lambda: requests.head(f"{server.url}/jobs/{large}/result", timeout=10).status_code == 200)


def test_head_of_a_large_result_has_no_body_and_takes_no_place(server: JobServer, large: str) -> None:
    for _ in range(10):
        reply = requests.head(f"{server.url}/jobs/{large}/result", timeout=10)
        assert (reply.status_code, reply.content) == (200, b"")


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_job_that_is_removed_while_its_result_is_sent_cuts_it_off(server: JobServer, version: str) -> None:
    id = server.submit("pager/say", json={"texts": _TEXTS[:20]}).json()["id"]
    server.wait_for(id)
    with slow_reader(server, id, version) as caller:
        assert requests.delete(f"{server.url}/jobs/{id}", timeout=10).status_code == 200
        rest = b""
        try:
            while part := caller.recv(1 << 20):
                rest = (rest + part)[-100:]
        except ConnectionResetError:
            pass
    assert not rest.endswith(b"0\r\n\r\n")
    assert b'"status"' not in rest
    assert "a reply is cut off in its middle: there is no job" in server.log()
    assert "Traceback" not in server.log()


def test_a_client_that_is_cut_off_asks_again_and_learns_that_the_job_is_gone(
    server: JobServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = server.submit("pager/say", json={"texts": _TEXTS[:20]}).json()["id"]
    server.wait_for(id)
    with hub.Client(server.url, timeout=30) as client:
        read: Any = client._http.send

        def send(request: Any, **options: Any) -> Any:
            response = read(request, stream=True)
            if request.url.path.endswith("/result") and response.status_code == 200:
                requests.delete(f"{server.url}/jobs/{id}", timeout=10)
            response.read()
            return response

        monkeypatch.setattr(client._http, "send", send)
        with pytest.raises(UnknownJobError):
            client.job(id).result()
