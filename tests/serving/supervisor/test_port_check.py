"""The look at the server's own port: it waits for nobody, and sees what a caller would see."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from hub.serving.config.server_config import build
from hub.serving.supervisor.port_check import PortCheck
from tests.serving.running import free_port, wait_until


class Server:
    """Answers each request by a code that a test sets, once it may."""

    def __init__(self) -> None:
        self.code = 200
        self.may_answer = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.may_answer.wait(10)
                self.send_response(outer.code if self.path == "/health/ready" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.may_answer.set()
    made.http.shutdown()
    made.http.server_close()


def check(port: int, host: str = "127.0.0.1") -> PortCheck:
    return PortCheck(build({"modules_info": {"echo": {}}, "port": port, "host": host}, source="test"))


def until_answered(made: PortCheck) -> int | None:
    """Ask as the supervisor does: look, then sleep until there is something new."""
    for _ in range(100):
        answer = made.status()
        if answer is not None:
            return answer
        if descriptors := made.descriptors():
            select.select(descriptors, [], [], 5)
        time.sleep(0.001)
    return None


def test_asking_does_not_wait_for_a_server_that_does_not_answer_yet(server: Server) -> None:
    made = check(server.port)
    began = time.monotonic()
    early = [made.status() for _ in range(50)]
    took = time.monotonic() - began
    server.may_answer.set()
    answer = until_answered(made)
    made.close()

    assert set(early) == {None}
    assert took < 1
    assert answer == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_each_answer_is_told_once_and_the_next_is_a_new_one(server: Server, host: str) -> None:
    server.may_answer.set()
    server.code = 503
    made = check(server.port, host)
    first = until_answered(made)
    server.code = 200
    second = until_answered(made)
    made.close()

    assert (first, second) == (503, 200)


def test_a_port_at_which_nobody_listens_has_no_answer_and_wakes_nobody_without_end() -> None:
    made = check(free_port())
    answers = []
    for _ in range(5):
        answers.append(made.status())
        time.sleep(0.05)
    wait_until(lambda: not made.descriptors(), 5, "the last question's end")
    made.close()

    assert answers == [None] * 5
