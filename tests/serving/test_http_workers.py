"""Several HTTP workers are one server: its limits are those of all of them together."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from hub.serving.messages import jobs
from hub.serving.messages.run_dir import RunDir
from tests.serving.running import Server, wait_until

WORKERS = 3
KEYS = "anna:the-secret-of-anna\nben:the-secret-of-ben\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    (home / "keys").write_text(KEYS)
    (home / "journal").touch()
    journal = {"journal": str(home / "journal")}
    modules = {"probe": {"init_args": journal, "instances": [{"count": 2}], "max_queue_size": 2}}
    settings = {"http_workers": WORKERS, "max_body_mb": 2, "max_inflight_mb": 5}
    with Server(home, modules, api_key_file=str(home / "keys"), **settings) as running:
        wait_until(lambda: len(http_workers(running)) == WORKERS, what="all workers")
        yield running


def http_workers(server: Server) -> list[int]:
    """The children of Gunicorn's master that take connections."""
    (master,) = [each.pid for each in server.state().processes if each.role == "gateway"]
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(pid) for pid in children if threads(int(pid)) > 1]


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def run_dir(server: Server) -> RunDir:
    record = server.pid_file()
    assert record is not None
    return RunDir(Path(record["run_dir"]))


def held(worker: int, clients: Sequence[socket.socket]) -> int:
    """How many of these connections a worker has."""
    ports = {client.getsockname()[1] for client in clients}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    theirs = {f"socket:[{row[9]}]" for row in rows if int(row[2].partition(":")[2], 16) in ports}
    return sum(entry.readlink().name in theirs for entry in Path(f"/proc/{worker}/fd").iterdir())


def connections(server: Server, number: int, stack: ExitStack) -> list[socket.socket]:
    """Connections that are opened together."""
    return [
        stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        for _ in range(number)
    ]


def head(length: int, *headers: str) -> bytes:
    lines = [
        "POST /predict/probe HTTP/1.1",
        "Host: a",
        "X-API-Key: the-secret-of-anna",
        f"Content-Length: {length}",
        "Content-Type: application/json",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def ask(connection: socket.socket, body: dict[str, object], *headers: str) -> int:
    content = json.dumps(body).encode()
    connection.sendall(head(len(content), *headers) + content)
    return code(connection)


def code(connection: socket.socket) -> int:
    return int(connection.recv(65_536)[9:12])


def test_connections_that_come_together_go_to_all_workers(server: Server) -> None:
    with ExitStack() as stack:
        clients = connections(server, 12, stack)
        assert {ask(each, {}) for each in clients} == {200}
        each_has = [held(worker, clients) for worker in http_workers(server)]

    assert sum(each_has) == 12
    assert max(each_has) <= 8


def test_the_bytes_of_all_bodies_are_counted_together(server: Server) -> None:
    with ExitStack() as stack:
        senders = connections(server, 9, stack)
        for sender in senders:
            sender.sendall(head(1_900_000) + b" " * 900_000)  # 8.1 MB in all, where 5 have room
        refused = [each for each in senders if answered(each)]

        assert 4 <= len(refused) <= 6
        assert {code(each) for each in refused} == {503}


def answered(connection: socket.socket) -> bool:
    connection.settimeout(1)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False
    finally:
        connection.settimeout(20)


def test_a_queue_has_as_many_places_as_with_one_worker(server: Server) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(12) as callers:
        waiting = connections(server, 12, stack)
        codes = list(callers.map(lambda each: ask(each, {"sleep": 1.0}), waiting))

    # Two run, two wait, and the kernel has room for one more than it is told.
    assert codes.count(200) <= 5
    assert set(codes) == {200, 503}


def test_a_page_of_a_job_lets_callers_of_every_worker_go_first(server: Server) -> None:
    run_dir(server).jobs_token.write_text("a token")
    ours = (f"{jobs.TOKEN}: a token", f"{jobs.PATIENCE}: 20")
    order: list[str] = []
    with ExitStack() as stack, ThreadPoolExecutor(3) as callers:
        caller, *pages = connections(server, 3, stack)  # each at another worker, or nearly so

        def send(each: socket.socket) -> None:
            body = {"text": "the caller", "sleep": 1.5}
            said = ask(each, body) if each is caller else ask(each, {}, *ours)
            order.append(f"{'caller' if each is caller else 'page'} {said}")

        done = [callers.submit(send, caller)]
        wait_until(lambda: "the caller" in (server.home / "journal").read_text(), what="the caller's request")
        done += [callers.submit(send, page) for page in pages]
        for each in done:
            each.result(30)

    assert order == ["caller 200", "page 200", "page 200"]


def test_a_key_that_is_taken_away_opens_no_worker(server: Server) -> None:
    (server.home / "keys").write_text("ben:the-secret-of-ben\n")
    with ExitStack() as stack:
        after = [ask(each, {}) for each in connections(server, 9, stack)]
    (server.home / "keys").write_text(KEYS)

    assert after == [401] * 9
    reply = requests.post(
        f"{server.url}/predict/probe", json={}, headers={"X-API-Key": "the-secret-of-ben"}, timeout=20
    )
    assert reply.status_code == 200
