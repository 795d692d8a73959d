"""The port of metrics under connections that are many and say nothing."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving.running import Server, free_port, wait_until

PORT = free_port()
CROWD = 400


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("metrics"), {"greet": {}}, metrics_port=PORT) as running:
        wait_until(lambda: requests.get(f"http://127.0.0.1:{PORT}/health/live", timeout=5).ok)
        yield running


def resources(server: Server) -> tuple[int, int]:
    """Threads and descriptors of the process."""
    pid = next(each.pid for each in server.state().processes if each.role == "metrics_server")
    process = Path(f"/proc/{pid}")
    return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))


@contextlib.contextmanager
def crowd(sent: bytes) -> Iterator[list[socket.socket]]:
    """Connections that send so much and then nothing."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(CROWD):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", PORT), timeout=20))
            with contextlib.suppress(OSError):  # ended already, for those who came later
                connection.sendall(sent)
            connections.append(connection)
        yield connections


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /metrics HTTP/1.1\r\n", b"GET /metrics HTTP/1.1\r\n\r\n"],
    ids=["silent", "half", "deaf"],
)
def test_a_crowd_takes_few_threads_and_a_scrape_is_answered(server: Server, sent: bytes) -> None:
    with crowd(sent):
        wait_until(lambda: resources(server)[1] < CROWD)
        threads, _ = resources(server)
        scraped = requests.get(f"http://127.0.0.1:{PORT}/metrics", timeout=20)
        ready = requests.get(f"http://127.0.0.1:{PORT}/health/ready", timeout=20)

    assert threads < 10
    assert "hub_module_ready" in scraped.text
    assert ready.json()["ready"] is True


@pytest.mark.slow
def test_a_connection_is_over_after_its_time_whatever_it_sends(server: Server) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", PORT), timeout=1) as slow, contextlib.suppress(OSError):
        while time.monotonic() - began < 30:
            slow.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                if slow.recv(1) == b"":
                    break

    assert 5 < time.monotonic() - began < 25
    wait_until(lambda: resources(server)[1] < 30)


def test_a_state_that_cannot_be_read_is_503_and_others_are_answered(server: Server) -> None:
    record = server.pid_file()
    assert record is not None
    path = Path(record["run_dir"]) / "state.json"
    path.rename(path.with_suffix(".away"))
    try:
        ready = requests.get(f"http://127.0.0.1:{PORT}/health/ready", timeout=20)
        live = requests.get(f"http://127.0.0.1:{PORT}/health/live", timeout=20)
    finally:
        path.with_suffix(".away").rename(path)

    assert (ready.status_code, live.status_code) == (503, 200)


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        (b"POST /metrics HTTP/1.1", b"405"),
        (b"GET /elsewhere HTTP/1.1", b"404"),
        (b"nonsense", b"405"),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100_000, b"431"),
    ],
)
def test_what_is_not_answered_is_an_error(server: Server, request_line: bytes, code: bytes) -> None:
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection:
        connection.sendall(request_line + b"\r\n\r\n")

        assert connection.recv(100).startswith(b"HTTP/1.1 " + code)


def test_figures_are_not_for_a_browser_that_was_led_here_under_another_name(server: Server) -> None:
    url, strange = f"http://127.0.0.1:{PORT}", {"Host": f"evil.example:{PORT}"}

    assert requests.get(f"{url}/metrics", headers=strange, timeout=10).status_code == 403
    assert requests.get(f"{url}/health/live", headers=strange, timeout=10).status_code == 200
    assert requests.get(f"{url}/metrics", headers={"Host": "scraper.example"}, timeout=10).status_code == 200
