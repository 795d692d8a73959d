"""A request from its bytes, however they are cut."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from gunicorn.asgi.parser import ParseError
from gunicorn.config import Config

from hub.errors import PayloadTooLargeError, RequestError, UnauthorizedError, UnavailableError
from hub.serving.gateway.incoming import Incoming, Progress
from hub.serving.gateway.inflight import InflightBytes
from hub.serving.gateway.wsgi import Head

pytestmark = pytest.mark.unit

CHUNKED = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LENGTH = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"


@dataclass
class Door:
    """Stands for the gate; remembers whom it has seen."""

    limit: int = 100
    problem: RequestError | None = None
    seen: list[Head] = field(default_factory=list)

    def admit(self, head: Head) -> int:
        self.seen.append(head)
        if self.problem is not None:
            raise self.problem
        return self.limit

    def spool(self, head: Head) -> None:
        """No job."""


def incoming(door: Door | None = None, inflight: int = 1000) -> tuple[Incoming, InflightBytes, list[int]]:
    held, continued = InflightBytes(inflight), list[int]()
    made = Incoming(door or Door(), held, Config(), lambda: continued.append(1))  # type: ignore[arg-type]
    return made, held, continued


@pytest.mark.parametrize(
    "data",
    [
        LENGTH + b"abcdef",
        CHUNKED + b"6\r\nabcdef\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nab\r\n4;x=y\r\ncdef\r\n0\r\nX: y\r\n\r\n",
    ],
)
def test_a_request_is_the_same_wherever_its_bytes_are_cut(data: bytes) -> None:
    for cut in range(1, len(data)):
        made, held, _ = incoming()
        first, second = made.feed(data[:cut]), made.feed(data[cut:] + b"GET")

        assert first in (Progress.HEAD, Progress.BODY)
        assert (second, b"".join(made.body), made.rest) == (Progress.WHOLE, b"abcdef", b"GET")
        assert held.held == 6


def test_a_request_byte_by_byte_is_whole_with_its_last() -> None:
    made, _, _ = incoming()
    steps = [made.feed(bytes([byte])) for byte in LENGTH + b"abcdef"]
    order = [progress for progress, _ in itertools.groupby(steps)]

    assert order == [Progress.HEAD, Progress.BODY, Progress.WHOLE]


def test_a_second_request_follows_on_the_same_connection() -> None:
    made, held, _ = incoming()
    made.feed(LENGTH + b"abcdefPOST /b HTTP/1.1\r\nHost: x\r\n\r\n")
    rest = made.rest
    made.release()
    made.next()
    made.body = []

    assert made.feed(rest) is Progress.WHOLE
    assert made.head is not None
    assert (made.head.path, made.body, held.held) == ("/b", [], 0)


def test_a_refused_request_holds_nothing_and_says_why() -> None:
    made, held, continued = incoming(Door(problem=UnauthorizedError("no key")))

    assert made.feed(CHUNKED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")) is Progress.REFUSED
    assert isinstance(made.problem, UnauthorizedError)
    assert (made.body, held.held, continued) == ([], 0, [])


def test_an_admitted_sender_that_asks_is_told_to_go_on() -> None:
    made, _, continued = incoming()
    made.feed(LENGTH.replace(b"\r\n\r\n", b"\r\nExpect: 100-Continue\r\n\r\n"))

    assert continued == [1]


def test_a_body_in_chunks_ends_at_its_limit_and_lets_go_of_what_it_had() -> None:
    made, held, _ = incoming(Door(limit=5))
    assert made.feed(CHUNKED + b"4\r\nabcd\r\n") is Progress.BODY

    assert made.feed(b"4\r\nefgh\r\n") is Progress.REFUSED
    assert isinstance(made.problem, PayloadTooLargeError)
    assert held.held == 0


def test_bytes_that_are_too_many_in_all_are_refused_as_they_arrive() -> None:
    made, held, _ = incoming(inflight=4)
    assert made.feed(LENGTH + b"abc") is Progress.BODY

    assert made.feed(b"def") is Progress.REFUSED
    assert isinstance(made.problem, UnavailableError)
    assert held.held == 0


def test_a_request_without_a_body_is_not_the_gates_business() -> None:
    door = Door()
    made, _, _ = incoming(door)

    assert made.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") is Progress.WHOLE
    assert door.seen == []


@pytest.mark.parametrize("target", [b"http://[/x", b"http://[::1/x"])
def test_an_address_that_is_none_is_not_http(target: bytes) -> None:
    made, _, _ = incoming()
    with pytest.raises(ParseError):
        made.feed(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
