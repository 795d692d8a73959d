"""The frames between gateway and runner, through a real pair of sockets."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from hub import errors
from hub.serving.messages import wire
from hub.serving.messages.wire import CallHeader, ErrorHeader, Frame, ReplyHeader

pytestmark = pytest.mark.unit

Pair = tuple[socket.socket, socket.socket]

HEADERS = [
    CallHeader("r-1", 12.5, 11.5, {"images": [1, 2], "mask": 3}, "ocr", {"file": 4}, True, True, True),
    ReplyHeader(3, 0.1, 0.2, 0.3, 2, ("a remark",), 201),
    ErrorHeader("no such argument", 2, "KeyError"),
]


@pytest.fixture
def pair() -> Iterator[Pair]:
    first, second = socket.socketpair()
    with first, second:
        yield first, second


def soon() -> float:
    return time.monotonic() + 5


def exchanged(pair: Pair, frame: Frame) -> Frame:
    wire.send(pair[0], frame, soon())
    return wire.receive(pair[1], soon())


@pytest.mark.parametrize("header", HEADERS, ids=lambda each: type(each).__name__)
def test_a_header_comes_back_as_it_was(pair: Pair, header: Any) -> None:
    got = exchanged(pair, Frame("call", header.to_json(), [b"{}"]))
    again = type(header).from_json(got.header)

    for field in fields(header):
        before, after = getattr(header, field.name), getattr(again, field.name)
        assert after == (list(before) if isinstance(before, tuple) else before), field.name


@pytest.mark.parametrize("header", HEADERS, ids=lambda each: type(each).__name__)
def test_fields_of_a_header_that_are_not_known_are_passed_over(header: Any) -> None:
    assert type(header).from_json({**header.to_json(), "added_later": 1}) == header


def test_a_call_without_a_field_that_it_needs_is_refused_and_the_field_named() -> None:
    with pytest.raises(wire.ProtocolError, match=r"not a CallHeader.*deadline"):
        CallHeader.from_json({"request_id": "r-1", "sent": 1.0})


def test_blobs_arrive_in_order_and_unchanged(pair: Pair) -> None:
    blobs = [b'{"a": 1}', b"", bytes(range(256)), bytearray(b"xyz"), memoryview(b"0123")[1:3]]
    got = exchanged(pair, Frame("call", {"n": 1}, blobs))

    assert (got.kind, got.header) == ("call", {"n": 1})
    assert [bytes(blob) for blob in got.blobs] == [bytes(blob) for blob in blobs]


def test_a_frame_larger_than_the_sockets_buffer_arrives_whole(pair: Pair) -> None:
    blobs = [bytes([number]) * 1_000_000 for number in range(5)]
    sender = threading.Thread(target=wire.send, args=(pair[0], Frame("ok", {}, blobs), soon()))
    sender.start()
    got = wire.receive(pair[1], soon())
    sender.join()

    assert [bytes(blob) for blob in got.blobs] == blobs


def test_more_blobs_than_the_kernel_takes_at_once_arrive_whole(pair: Pair) -> None:
    blobs = [str(number).encode() for number in range(3000)]

    assert [bytes(blob) for blob in exchanged(pair, Frame("call", {}, blobs)).blobs] == blobs


def test_a_peer_that_closes_before_its_frame_is_whole_is_told_apart_from_silence(pair: Pair) -> None:
    pair[0].sendall(struct.pack("!IQ", 10, 10) + b"{")
    with pytest.raises(TimeoutError):
        wire.receive(pair[1], time.monotonic() + 0.05)
    pair[0].close()
    with pytest.raises(wire.PeerClosed):
        wire.receive(pair[1], soon())


def test_sending_to_a_peer_that_does_not_read_ends_at_the_deadline(pair: Pair) -> None:
    with pytest.raises(TimeoutError):
        wire.send(pair[0], Frame("ok", {}, [b"x" * 20_000_000]), time.monotonic() + 0.05)


def test_who_sends_hears_that_its_peer_does_not_read(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_WAIT_SECONDS", 0.02)
    waited: list[float] = []
    with pytest.raises(TimeoutError):
        large = Frame(wire.ITEM, {}, [b"x" * 20_000_000])
        wire.send(pair[0], large, time.monotonic() + 0.2, lambda: waited.append(time.monotonic()))

    assert waited


def raw(header: bytes, rest: bytes = b"", total: int | None = None) -> bytes:
    return (
        struct.pack("!IQ", len(header), len(header) + len(rest) if total is None else total) + header + rest
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (struct.pack("!IQ", 1 << 30, 1 << 31), "header of"),
        (struct.pack("!IQ", 10, 5), "header of"),
        (struct.pack("!IQ", 10, 1 << 40), "header of"),
        (raw(b"not json"), "not a JSON object"),
        (raw(b"[1, 2]"), "not a JSON object"),
        (raw(b'{"kind": "call"}'), "not a JSON object with kind and blobs"),
        (raw(b'{"kind": "call", "blobs": [5]}', b"1234"), "impossible blob sizes"),
        (raw(b'{"kind": "call", "blobs": [-1, 5]}', b"1234"), "impossible blob sizes"),
        (raw(b'{"kind": "call", "blobs": ["a"]}'), "impossible blob sizes"),
    ],
)
def test_bytes_that_are_not_a_frame_are_refused(pair: Pair, sent: bytes, said: str) -> None:
    pair[0].sendall(sent)
    with pytest.raises(wire.ProtocolError, match=said):
        wire.receive(pair[1], soon())


def test_a_frame_is_json_with_two_lengths_before_it(pair: Pair) -> None:
    wire.send(pair[0], Frame("ok", {"batch": 2}, [b"[1]"]), soon())
    end, total = struct.unpack("!IQ", pair[1].recv(12))
    rest = pair[1].recv(1 << 16)

    assert json.loads(rest[:end]) == {"batch": 2, "kind": "ok", "blobs": [3]}
    assert (rest[end:], len(rest)) == (b"[1]", total)


def test_every_kind_of_error_reply_is_an_error_of_a_request() -> None:
    for name in wire.ERROR_KINDS.values():
        assert issubclass(getattr(errors, name), errors.RequestError)


def test_a_peer_that_left_is_noticed_without_reading(pair: Pair) -> None:
    pair[0].sendall(b"x")
    here = wire.peer_has_left(pair[1])
    pair[0].close()

    assert (here, wire.peer_has_left(pair[1]), pair[1].recv(1)) == (False, True, b"x")
