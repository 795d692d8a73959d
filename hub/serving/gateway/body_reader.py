"""Receive a request's body: whole, in time, within the limit."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Protocol

from gunicorn.http.errors import ParseException
from werkzeug.datastructures import Headers

from hub.errors import BodyTimeoutError, InvalidInputError, PayloadTooLargeError
from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.worker import Due

_CHUNK = 1 << 18


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def declared_length(headers: Headers, limits: RequestLimits) -> int:
    """Return Content-Length, or the limit for a body in chunks; raises PayloadTooLargeError."""
    text = headers.get("Content-Length")
    if text is None:
        return limits.max_body if headers.get("Transfer-Encoding") else 0
    length = int(text)  # Gunicorn refuses anything but a number
    if length > limits.max_body:
        raise _body_too_large(limits)
    return length


def read_body(
    stream: Readable, limits: RequestLimits, connection: Any = None, length: int | None = None
) -> bytes:
    """Read a request's body whole; ``connection`` is cut off when that takes too long.

    ``length`` is what was announced; None for a body that comes in chunks.

    Raises:
        BodyTimeoutError: it does not arrive in time.  PayloadTooLargeError: it is longer than announced.
        InvalidInputError: it is not HTTP.
    """
    deadline = time.monotonic() + limits.body_timeout
    watched = contextlib.nullcontext() if connection is None else Due(connection, deadline)
    try:
        with watched:
            return _receive(stream, limits, deadline, length)
    except InvalidInputError as error:
        if time.monotonic() > deadline:  # it was cut off
            raise _body_too_late(limits) from error
        raise


def _receive(stream: Readable, limits: RequestLimits, deadline: float, length: int | None) -> bytes:
    chunks: list[bytes] = []
    received = 0
    while True:
        try:
            chunk = stream.read(min(_CHUNK, limits.max_body + 1 - received))
        except (BlockingIOError, TimeoutError) as error:  # the listener's receive timeout
            raise BodyTimeoutError("the body stopped arriving") from error
        except (OSError, ParseException) as error:  # chunks that are none
            raise InvalidInputError(f"the body cannot be received: {type(error).__name__} {error}") from error
        if time.monotonic() > deadline:
            raise _body_too_late(limits)
        if not chunk:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        received += len(chunk)
        if received > limits.max_body:
            raise _body_too_large(limits)
        if received == length and not chunks:
            return chunk  # whole at once, as most are
        chunks.append(chunk)


def _body_too_late(limits: RequestLimits) -> BodyTimeoutError:
    return BodyTimeoutError(f"the body did not arrive within {limits.body_timeout:g} s")


def _body_too_large(limits: RequestLimits) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is larger than {limits.max_body / 1e6:g} MB (max_body_mb)")
