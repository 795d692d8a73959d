"""A small request for a model in the event loop: who does what, and what ends it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import uvloop

from hub.serving.gateway import conversation, wsgi
from hub.serving.gateway.conversation import Conversation
from hub.serving.gateway.runner_client import RunnerClient
from hub.serving.gateway.wsgi import WSGI, Head, Reply
from hub.serving.messages import wire
from hub.serving.messages.state import ModuleLimits
from hub.serving.messages.wire import Frame, ReplyHeader
from hub.serving.process import logs
from hub.serving.process.logs import request_ids
from tests.serving.gateway import apps

pytestmark = pytest.mark.unit

OK = Frame(wire.OK, ReplyHeader().to_json(), [b'["a"]'])
Script = Callable[[socket.socket], None]


def head(path: str = "/predict/echo", **headers: str) -> Head:
    fields = [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Head("POST", path, (1, 1), fields, 2, True)


@dataclass
class Runner:
    """A module's socket; each connection's request is received and then answered by the next script."""

    folder: Path
    scripts: list[Script]
    accepted: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.folder / "s"))
        self.listener.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for script in self.scripts:
            connection, _ = self.listener.accept()
            self.accepted.append(wire.receive(connection, time.monotonic() + 5).header)
            with connection:
                script(connection)


def replies(connection: socket.socket) -> None:
    wire.send(connection, OK, time.monotonic() + 5)


def dies(connection: socket.socket) -> None:
    connection.close()


def replies_in_parts(connection: socket.socket) -> None:
    ours, theirs = socket.socketpair()
    wire.send(ours, OK, time.monotonic() + 5)
    data = theirs.recv(10_000)
    connection.sendall(data[:20])
    time.sleep(0.05)
    connection.sendall(data[20:])


@dataclass
class Heard:
    """A response, and where it was made."""

    reply: Reply
    in_loop: bool


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Heard]]:
    """Return a function that has a runner with these scripts answer a request."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    loop = uvloop.new_event_loop()

    def say(*scripts: Script, timeout: float = 10.0, path: str = "/predict/echo") -> Heard:
        runner = Runner(tmp_path, list(scripts))
        echo = replace(apps.MODULES["echo"], socket=str(tmp_path / "s"), limits=ModuleLimits(timeout, 16))
        gateway = apps.make(tmp_path, {"echo": echo}).gateway
        gateway.dispatcher = RunnerClient(gateway.states)
        variables = wsgi.environ(head(path), io.BytesIO(b"{}"), {"REMOTE_ADDR": "127.0.0.1"})
        found = conversation.path_of(head(path), 2, gateway)
        assert found is not None
        heard: list[Heard] = []

        def answer(app: WSGI, *, in_loop: bool) -> None:
            heard.append(Heard(wsgi.respond(app, variables, keep_alive=True), in_loop))
            loop.call_soon_threadsafe(loop.stop)

        Conversation(
            gateway,
            loop,
            lambda work: threading.Thread(target=work).start(),
            lambda app: answer(app, in_loop=True),
            lambda app: answer(app, in_loop=False),
        ).begin(variables, found)
        timer = loop.call_later(20, loop.stop)
        loop.run_forever()
        timer.cancel()
        runner.listener.close()
        return heard[0]

    yield say
    loop.close()


def test_a_reply_that_is_there_whole_is_sent_by_the_loop(say: Callable[..., Heard]) -> None:
    before = request_ids.get()
    heard = say(replies)

    assert heard.in_loop
    assert heard.reply.head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(heard.reply.body)["results"] == ["a"]
    assert request_ids.get() == before


def test_a_reply_that_comes_in_parts_is_received_by_a_thread(say: Callable[..., Heard]) -> None:
    heard = say(replies_in_parts)

    assert (heard.in_loop, json.loads(heard.reply.body)["results"]) == (False, ["a"])


def test_a_request_whose_runner_died_is_sent_again_by_a_thread(say: Callable[..., Heard]) -> None:
    heard = say(dies, replies)

    assert (heard.in_loop, json.loads(heard.reply.body)["results"]) == (False, ["a"])
    assert b"X-Hub-Attempts: 2\r\n" in heard.reply.head


def test_a_runner_that_says_nothing_is_504_at_the_deadline(say: Callable[..., Heard]) -> None:
    heard = say(lambda connection: time.sleep(2), timeout=0.2)

    assert (heard.in_loop, heard.reply.head[:12]) == (True, b"HTTP/1.1 504")


def test_what_is_refused_needs_no_runner_and_no_thread(say: Callable[..., Heard]) -> None:
    heard = say(path="/predict/nothing")

    assert (heard.in_loop, heard.reply.head[:12]) == (True, b"HTTP/1.1 404")


def test_a_log_that_nobody_reads_stops_a_thread_and_never_the_loop(
    say: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    monkeypatch.setattr(logs, "STDERR", writing)
    heard = say(replies)
    os.close(reading)
    os.close(writing)

    assert (heard.in_loop, heard.reply.head[:12]) == (False, b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("asked", "size"),
    [(head(), 8193), (head(content_encoding="gzip"), 10), (head("/v2/models/echo"), 10), (head("/"), 10)],
)
def test_what_may_take_long_or_calls_no_model_is_for_a_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Head, size: int
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    gateway = apps.make(tmp_path).gateway
    gateway.dispatcher = RunnerClient(gateway.states)

    assert conversation.path_of(asked, size, gateway) is None
    assert conversation.path_of(head(), 10, gateway) is not None
