"""A request as its bytes come: head, then as much of its body as is worth receiving. No sockets, no clock."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit

from gunicorn.asgi import parser as http

from hub.errors import RequestError
from hub.serving.gateway.admission import RequestLimits, too_many_bytes
from hub.serving.gateway.gate import Gate, too_large
from hub.serving.gateway.inflight import InflightBytes
from hub.serving.gateway.spool import Spool
from hub.serving.gateway.wsgi import Head


class Progress(Enum):
    """How far a request has come."""

    HEAD = auto()  # its headers are not whole yet
    BODY = auto()  # its body is not
    WHOLE = auto()  # it is all there
    REFUSED = auto()  # the rest of it is not worth receiving


class Incoming:
    """The requests of one connection, one after the other.

    Attributes:
        head: of the present request, None until it is whole.
        body: its body so far.
        spool: where that of a job goes instead.
        problem: why its body was not received.
        rest: bytes that came behind it.
    """

    def __init__(
        self, gate: Gate, inflight: InflightBytes, settings: Any, send_continue: Callable[[], None]
    ) -> None:
        """Begin; ``settings`` are Gunicorn's, ``send_continue`` answers ``Expect: 100-continue``."""
        self.head: Head | None = None
        self.body: list[bytes] = []
        self.spool: Spool | None = None
        self.problem: RequestError | None = None
        self.rest = b""
        self._gate = gate
        self._inflight = inflight
        self._send_continue = send_continue
        self._booked = 0
        self._limit = 0
        self._missing = 0
        self._parser = http.PythonProtocol(
            on_headers_complete=self._on_headers,
            on_body=self._on_chunk,
            limit_request_line=settings.limit_request_line,
            limit_request_fields=settings.limit_request_fields,
            limit_request_field_size=settings.limit_request_field_size,
        )

    def feed(self, data: bytes) -> Progress:
        """Take bytes; raises Gunicorn's ParseError for what is not HTTP."""
        try:
            if self._missing:
                return self._receive(data)
            self._parser.feed(data)
            if not self._parser.is_complete:
                return Progress.HEAD if self.head is None else Progress.BODY
            assert self.head is not None
            rest = self._parser.remaining()
            self._parser.reset()
            self._missing = self.head.length or 0
            if self._missing:
                return self._receive(rest)
            self.rest = rest
            return Progress.WHOLE
        except RequestError as problem:
            self.refuse(problem)
            return Progress.REFUSED

    def refuse(self, problem: RequestError) -> None:
        """Let go of the body so far; nothing more is fed."""
        self.problem = problem
        self.body = []
        self.release()

    def release(self) -> None:
        """Hold the body no longer; for when the request is answered."""
        if self.spool is not None:
            self.spool.discard()
            self.spool = None
        self._inflight.release(self._booked)
        self._booked = 0

    def seconds(self, limits: RequestLimits) -> float:
        """Return how long its body may take to come: one of a job as much longer as it may be larger."""
        times = max(1.0, limits.max_job / limits.max_body) if self.spool is not None else 1.0
        return limits.body_timeout * times

    def next(self) -> None:
        """Forget the request: another follows."""
        self.head = None

    def _on_headers(self) -> bool:
        """Take the head from the parser; True where the parser is to leave the body to us."""
        parsed = self._parser
        try:
            urlsplit(parsed.path)
        except ValueError as error:  # brackets around something that is not an address
            raise http.InvalidRequestLine(str(error)) from error
        self.head = head = Head(
            parsed.method.decode("latin-1"),
            parsed.path.decode("latin-1"),
            parsed.http_version,
            parsed.headers,
            None if parsed.is_chunked else parsed.content_length or 0,
            parsed.should_keep_alive,
        )
        if head.length != 0:
            self.spool = self._gate.spool(head)
            self._limit = self._gate.admit(head) if self.spool is None else 0
            if head.get("Expect").lower() == "100-continue" and head.version == (1, 1):
                self._send_continue()
        return not parsed.is_chunked

    def _receive(self, data: bytes) -> Progress:
        """Take a part of a body whose length is known."""
        part = data[: self._missing]
        if part:
            self._take(part)
        self._missing -= len(part)
        if self._missing:
            return Progress.BODY
        self.rest = data[len(part) :]
        return Progress.WHOLE

    def _on_chunk(self, part: bytes) -> None:
        if self.spool is None and self._booked + len(part) > self._limit:
            raise too_large(self._limit)
        self._take(part)

    def _take(self, part: bytes) -> None:
        """Keep a part of the body; raises UnavailableError where there are too many bytes in flight."""
        if self.spool is not None:
            self.spool.write(part)
            return
        if not self._inflight.book(len(part)):
            raise too_many_bytes()
        self._booked += len(part)
        self.body.append(part)
