"""More than the server can take, and senders that stall: cases 15, 18 and 19 of the fault list."""

from __future__ import annotations

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from hub.serving.process import procfs
from tests.serving.running import Server, wait_until


def test_case_15_surplus_is_refused_at_once_and_the_admitted_end_at_their_deadline(home: Path) -> None:
    with Server(home, {"probe": {"max_queue_size": 4}}, timeout=3, hang_timeout=600) as server:
        server.post("probe", {})
        for pid in server.runner_pids("probe"):
            os.kill(pid, signal.SIGSTOP)

        def call(_: int) -> tuple[int, float, str | None]:
            started = time.monotonic()
            reply = requests.post(f"{server.url}/predict/probe", json={}, timeout=20)
            return reply.status_code, time.monotonic() - started, reply.headers.get("Retry-After")

        with ThreadPoolExecutor(20) as pool:
            outcomes = list(pool.map(call, range(20)))
        for pid in server.runner_pids("probe"):
            os.kill(pid, signal.SIGCONT)
        refused = [outcome for outcome in outcomes if outcome[0] == 503]
        admitted = [outcome for outcome in outcomes if outcome[0] == 504]

        assert len(admitted) in (4, 5)
        assert len(refused) == 20 - len(admitted)
        assert all(retry for _, _, retry in refused)
        assert all(2.9 < seconds < 4 for _, seconds, _ in admitted)
        # The places of those who left are free again when the runner has looked at them.
        wait_until(lambda: server.post("probe", {}).status_code == 200, 5, "recovery")


#: Announces more than is ever sent.
HEAD = (
    b"POST /predict/probe HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
)


def stalled(server: Server, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(data)
    return connection


def test_case_18_stalled_senders_do_not_keep_others_from_being_served(home: Path) -> None:
    with Server(home, {"probe": {}}) as server:
        header = [stalled(server, b"POST /predict/probe HTTP/1.1\r\nHo") for _ in range(60)]
        body = [stalled(server, HEAD + b"{") for _ in range(60)]

        assert server.post("probe", {}).status_code == 200
        assert server.get("/health/ready").status_code == 200
        for connection in header + body:
            connection.close()


def test_case_18_a_stalled_body_is_answered_408(home: Path) -> None:
    with Server(home, {"probe": {}}, body_timeout=1) as server, stalled(server, HEAD) as connection:
        assert b"408" in connection.recv(100)


def test_case_18_a_body_that_only_trickles_is_answered_408(home: Path) -> None:
    with Server(home, {"probe": {}}, body_timeout=2) as server, stalled(server, HEAD) as connection:
        started = time.monotonic()
        connection.settimeout(0.3)

        def answered() -> bytes:
            try:
                connection.sendall(b" ")
                return connection.recv(100)
            except TimeoutError:
                return b""

        assert b"408" in wait_until(answered, 10, "an answer")
        assert time.monotonic() - started < 6


def test_case_18_headers_that_only_trickle_are_cut_off(home: Path) -> None:
    with (
        Server(home, {"probe": {}}) as server,
        stalled(server, b"POST /predict/probe HTTP/1.1\r\n") as connection,
    ):
        started = time.monotonic()

        def cut_off() -> bool:
            try:
                connection.sendall(b"X")
                connection.settimeout(0.5)
                return connection.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_until(cut_off, 25, "the end of the connection")
        assert time.monotonic() - started < 22


def test_case_19_bodies_over_the_limit_take_no_memory(home: Path) -> None:
    with Server(home, {"probe": {}}, max_body_mb=2) as server:
        url = f"{server.url}/predict/probe"
        kind = {"Content-Type": "application/json"}
        requests.post(url, json={"text": "x" * 1_900_000}, timeout=20)
        before = memory_mb(server)

        def announced(_: int) -> int:
            return requests.post(url, data=b"x" * 20_000_000, headers=kind, timeout=30).status_code

        def chunked(_: int) -> int:
            chunks = (b"x" * 65536 for _ in range(300))
            try:
                return requests.post(url, data=chunks, headers=kind, timeout=30).status_code
            except requests.ConnectionError:
                return 413  # it sent on for longer than the server receives what it has refused

        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(announced, range(12))) + list(pool.map(chunked, range(12)))

        assert codes == [413] * 24
        assert memory_mb(server) - before < 60
        # The places of those who left are free again when the runner has looked at them.
        wait_until(lambda: server.post("probe", {}).status_code == 200, 5, "recovery")


def memory_mb(server: Server) -> float:
    """Of all its processes, proportionally."""
    return sum(procfs.memory_mb(pid) for pid, _ in server.all_processes())


def test_case_19_bodies_that_would_be_too_much_together_are_refused(home: Path) -> None:
    with Server(home, {"probe": {}}, max_body_mb=4, max_inflight_mb=5) as server:
        slow = [stalled(server, large_head(3_000_000) + b" " * 2_000_000) for _ in range(3)]
        wait_until(lambda: b"503" in first_answer(slow), 10, "a refusal")

        assert server.post("probe", {"text": "small"}).status_code == 200
        for connection in slow:
            connection.close()


def large_head(length: int) -> bytes:
    return HEAD.replace(b"Content-Length: 99", b"Content-Length: %d" % length)


def first_answer(connections: list[socket.socket]) -> bytes:
    for connection in connections:
        connection.settimeout(0.2)
        try:
            if answer := connection.recv(100):
                return answer
        except TimeoutError:
            continue
    return b""
