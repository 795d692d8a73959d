"""Bodies that are whole, late, too long, or stop."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from werkzeug.datastructures import Headers

from hub.errors import BodyTimeoutError, PayloadTooLargeError
from hub.serving.gateway import body_reader
from tests.serving.gateway.limits import LIMITS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({}, 0),
        ({"Content-Length": "999"}, 999),
        ({"Content-Length": "1000"}, 1000),
        ({"Transfer-Encoding": "chunked"}, 1000),
    ],
)
def test_the_length_of_a_body_is_what_it_announces_or_the_most_it_may_be(
    headers: dict[str, str], length: int
) -> None:
    assert body_reader.declared_length(Headers(headers), LIMITS) == length


def test_a_length_over_the_limit_is_refused() -> None:
    with pytest.raises(PayloadTooLargeError):
        body_reader.declared_length(Headers({"Content-Length": "1001"}), LIMITS)


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_a_body_up_to_the_limit_is_read_whole(size: int) -> None:
    assert body_reader.read_body(io.BytesIO(b"x" * size), LIMITS) == b"x" * size


def test_a_longer_body_is_refused_and_not_read_to_its_end() -> None:
    stream = io.BytesIO(b"x" * 5000)
    with pytest.raises(PayloadTooLargeError):
        body_reader.read_body(stream, LIMITS)

    assert stream.tell() <= 1001


def test_a_body_that_trickles_is_given_up_at_its_deadline() -> None:
    class Trickle:
        def read(self, size: int, /) -> bytes:
            time.sleep(0.05)
            return b"x"

    started = time.monotonic()
    with pytest.raises(BodyTimeoutError):
        body_reader.read_body(Trickle(), replace(LIMITS, body_timeout=0.2))

    assert time.monotonic() - started < 2


@pytest.mark.parametrize("error", [BlockingIOError(), TimeoutError()])
def test_a_body_that_stops_is_given_up(error: OSError) -> None:
    class Stalled:
        def read(self, size: int, /) -> bytes:
            raise error

    with pytest.raises(BodyTimeoutError):
        body_reader.read_body(Stalled(), LIMITS)
