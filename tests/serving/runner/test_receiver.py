"""From a listening socket to a batch of requests."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from hub import envelope
from hub.serving.messages import wire
from hub.serving.messages.wire import CallHeader, Frame
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.runner.receiver import Intake, SocketRequest

pytestmark = pytest.mark.unit

JOINS = BatchPolicy("texts", max_batch_size=4)


class Socket:
    """A module's socket, with callers that have sent a request each."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "mine.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.setblocking(False)
        self.listener.listen(16)
        self.stop, self.stop_write = os.pipe()
        self.callers: list[socket.socket] = []

    def connect(self) -> socket.socket:
        caller = socket.socket(socket.AF_UNIX)
        caller.connect(str(self.path))
        self.callers.append(caller)
        return caller

    def send(self, header: dict[str, Any] | None = None, **arguments: Any) -> socket.socket:
        caller, now = self.connect(), time.monotonic()
        fields = {"request_id": f"r-{len(self.callers)}", "deadline": now + 60, "sent": now, **(header or {})}
        frame = Frame(wire.CALL, CallHeader(**fields).to_json(), [json.dumps(arguments).encode()])
        wire.send(caller, frame, now + 5)
        return caller

    def batch(
        self, policy: BatchPolicy | dict[str, BatchPolicy] = JOINS, timeout: float = 0.05
    ) -> list[SocketRequest]:
        policies = policy if isinstance(policy, dict) else {"": policy}
        found = Intake(self.listener, self.stop, policies).next_batch(timeout, lambda: None)
        for request in found:
            self.callers.append(request.connection)
        return found

    def close(self) -> None:
        for each in (*self.callers, self.listener):
            each.close()
        os.close(self.stop)
        os.close(self.stop_write)


@pytest.fixture
def at() -> Iterator[Socket]:
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        made = Socket(Path(folder))
        yield made
        made.close()


def texts(batch: list[SocketRequest]) -> list[Any]:
    return [request.arguments.get("texts") for request in batch]


def test_nothing_comes_of_silence(at: Socket) -> None:
    assert at.batch() == []


def test_requests_that_wait_already_are_taken_together_up_to_the_batch_size(at: Socket) -> None:
    for number in range(6):
        at.send(texts=[str(number)])

    assert texts(at.batch()) == [["0"], ["1"], ["2"], ["3"]]
    assert texts(at.batch()) == [["4"], ["5"]]


def test_a_request_of_another_method_ends_the_collecting(at: Socket) -> None:
    for number, method in enumerate(("", "", "other", "")):
        at.send({"method": method}, texts=[str(number)])

    assert texts(at.batch()) == [["0"], ["1"], ["2"]]
    assert texts(at.batch()) == [["3"]]


def test_requests_are_collected_as_the_method_of_the_first_says(at: Socket) -> None:
    for method in ("single", "single", "pairs", "pairs", "pairs"):
        at.send({"method": method}, texts=[method])
    policies = {"": JOINS, "single": BatchPolicy(), "pairs": BatchPolicy("texts", max_batch_size=2)}
    taken = [texts(at.batch(policies)) for _ in range(4)]

    assert taken == [[["single"]], [["single"]], [["pairs"], ["pairs"]], [["pairs"]]]


def test_without_batching_one_is_taken_at_a_time(at: Socket) -> None:
    at.send(texts=["a"])
    at.send(texts=["b"])

    assert texts(at.batch(BatchPolicy())) == [["a"]]


def test_a_resent_request_ends_the_collecting(at: Socket) -> None:
    at.send(texts=["a"])
    at.send({"alone": True}, texts=["b"])
    at.send(texts=["c"])

    batch = at.batch()
    batch[1].unpack()

    assert texts(batch) == [["a"], ["b"]]


def test_a_resent_request_stays_packed_until_it_runs(at: Socket) -> None:
    at.send({"alone": True}, texts=["a"])
    (request,) = at.batch()
    before = request.arguments
    request.unpack()

    assert (before, request.arguments) == ({}, {"texts": ["a"]})


def test_a_drain_ends_the_wait(at: Socket) -> None:
    os.write(at.stop_write, b"x")
    started = time.monotonic()

    assert at.batch(timeout=5.0) == []
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda caller: caller.close(), id="left"),
        pytest.param(lambda caller: caller.sendall(b"GET / HTTP/1.1\r\n\r\n"), id="no frame"),
        pytest.param(
            lambda caller: wire.send(caller, Frame("call", {}, [b"{}"]), time.monotonic() + 5), id="no header"
        ),
        pytest.param(
            lambda caller: wire.send(
                caller, Frame("call", CallHeader("r", 1.0, 1.0).to_json()), time.monotonic() + 5
            ),
            id="no arguments",
        ),
    ],
)
def test_a_broken_request_is_closed_and_harms_no_other(
    at: Socket, harm: Callable[[socket.socket], None]
) -> None:
    broken = at.connect()
    harm(broken)
    at.send(texts=["a"])

    assert texts(at.batch()) == [["a"]]


def test_a_request_has_images_and_files_as_its_header_says(at: Socket) -> None:
    now = time.monotonic()
    header = CallHeader("r-1", now + 60, now, {"images": [1, 2], "mask": 3}, "ocr", {"file": 4})
    frame = Frame(wire.CALL, header.to_json(), [b'{"fileType": 1}', b"one", b"two", b"three", b"four"])
    wire.send(at.connect(), frame, now + 5)
    (request,) = at.batch()

    assert request.arguments == {"endpoint": "ocr", "body": {"fileType": 1, "file": b"four"}}
    assert [bytes(blob) for blob in request.image_blobs["images"]] == [b"one", b"two"]
    assert bytes(request.image_blobs["mask"]) == b"three"


def test_a_reply_reaches_the_caller_and_ends_the_connection(at: Socket) -> None:
    caller = at.send(texts=["a"])
    (request,) = at.batch()
    request.announce()
    request.reply(Frame(wire.OK, {}, [b"[]"]))
    kinds = [wire.receive(caller, time.monotonic() + 5).kind for _ in range(2)]

    assert (kinds, caller.recv(1)) == ([wire.STARTED, wire.OK], b"")


def test_a_caller_that_left_is_noticed_and_replies_to_it_harm_nobody(at: Socket) -> None:
    caller = at.send(texts=["a"])
    (request,) = at.batch()
    before = request.caller_has_left()
    caller.close()

    assert (before, request.caller_has_left()) == (False, True)
    assert request.announce() is False
    request.reply(Frame(wire.OK, {}, [b"[]"]))


def test_a_connection_that_cannot_be_accepted_is_accepted_later(
    at: Socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing:
        def accept(self) -> None:
            raise OSError(24, "Too many open files")

        def fileno(self) -> int:
            return at.listener.fileno()

    at.send(texts=["a"])
    intake = Intake(cast(socket.socket, Refusing()), at.stop, {"": BatchPolicy()})
    refused = [intake.next_batch(0.1, lambda: None) for _ in range(3)]
    monkeypatch.setattr(intake, "_listener", at.listener)

    assert refused == [[], [], []]
    assert caplog.text.count("Too many open files") == 1
    assert texts(intake.next_batch(0.1, lambda: None)) == [["a"]]


def test_arguments_that_the_parser_here_does_not_take_are_the_callers_fault(
    at: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "orjson", None)  # as in an environment of a module
    now = time.monotonic()
    header = CallHeader(request_id="r", deadline=now + 60, sent=now).to_json()
    caller = at.connect()
    nested = b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    wire.send(caller, Frame(wire.CALL, header, [nested]), now + 5)

    assert at.batch() == []
    answer = wire.receive(caller, time.monotonic() + 5)
    assert (answer.kind, "nested too deeply" in answer.header["message"]) == ("input", True)
