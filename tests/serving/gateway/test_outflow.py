"""Pieces of a reply on their way from a thread to the loop: one at a time, closed whatever happens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from hub.errors import UnknownJobError
from hub.serving.gateway.outflow import Outflow
from hub.serving.gateway.wsgi import Reply

pytestmark = pytest.mark.unit


class Pieces:
    """Three pieces, or an error after the first; remembers how many were made and that it was closed."""

    def __init__(self, error: Exception | None = None) -> None:
        self.made = 0
        self.was_closed = False
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        for piece in (b"a", b"bc", b"d" * 17):
            self.made += 1
            yield piece
            if self._error is not None:
                raise self._error

    def close(self) -> None:
        self.was_closed = True


def sent(
    pieces: Pieces, on_write: Callable[[Outflow], None] = Outflow.go_on, *, is_chunked: bool = True
) -> tuple[list[bytes], Reply | None]:
    """Return what was written, and what ``run`` returned; ``on_write`` is what the loop does at a piece."""
    written: list[bytes] = []

    async def serve() -> Reply | None:
        def write(data: bytes) -> None:
            written.append(data)
            on_write(outflow)

        outflow = Outflow(asyncio.get_running_loop(), write)
        reply = Reply(b"head\r\n\r\n", b"", True, pieces, is_chunked)
        return await asyncio.wait_for(asyncio.to_thread(outflow.run, reply), 30)

    return written, asyncio.run(serve())


def test_each_piece_is_a_chunk_and_the_head_goes_with_the_first() -> None:
    pieces = Pieces()
    written, end = sent(pieces)

    assert written == [b"head\r\n\r\n1\r\na\r\n", b"2\r\nbc\r\n", b"11\r\n%b\r\n" % (b"d" * 17)]
    assert end == Reply(b"", b"0\r\n\r\n", True)
    assert pieces.was_closed


def test_without_chunks_pieces_are_sent_as_they_are() -> None:
    written, end = sent(Pieces(), is_chunked=False)

    assert b"".join(written) == b"head\r\n\r\nabc" + b"d" * 17
    assert end == Reply(b"", b"", True)


def test_no_further_piece_is_made_than_the_one_that_waits_for_room() -> None:
    pieces, made = Pieces(), []

    def look(outflow: Outflow) -> None:
        asyncio.get_running_loop().call_later(0.05, go_on, outflow)

    def go_on(outflow: Outflow) -> None:
        made.append(pieces.made)
        outflow.go_on()

    written, _ = sent(pieces, look)

    assert len(written) == 3
    assert made[:2] == [2, 3]


def test_when_the_caller_has_left_the_rest_is_not_made() -> None:
    pieces = Pieces()
    written, end = sent(pieces, Outflow.end)

    assert (len(written), end) == (1, None)
    assert pieces.made <= 2
    assert pieces.was_closed


def test_after_an_error_in_the_middle_the_connection_is_to_end() -> None:
    pieces = Pieces(ZeroDivisionError())
    written, end = sent(pieces)

    assert (len(written), end, pieces.was_closed) == (1, None, True)


def test_a_thread_that_waits_for_room_is_woken_by_the_end() -> None:
    pieces = Pieces()

    def later(outflow: Outflow) -> None:
        threading.Timer(0.05, outflow.end).start()

    assert sent(pieces, later)[1] is None


def test_a_reply_that_cannot_go_on_is_cut_off_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    pieces = Pieces(UnknownJobError("there is no job 'j'"))
    written, end = sent(pieces)
    assert (len(written), end, pieces.was_closed) == (1, None, True)
    assert [record.getMessage() for record in caplog.records] == [
        "a reply is cut off in its middle: there is no job 'j'"
    ]
    assert "Traceback" not in caplog.text
