"""A lean HTTP/1.1 client: many connections kept alive, one request at a time on each (a closed loop).

One thread and epoll on raw sockets: about 20 µs a request, so that the servers are measured and not this.
It understands replies with a Content-Length, which is all that the measured servers send.
"""

from __future__ import annotations

import re
import select
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_LARGEST_READ = 1 << 18
#: A pause before a lost or refused connection is opened again.
_RECONNECT_SECONDS = 0.01


def post(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """Return a whole request as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Outcome:
    """What came of a load.

    Attributes:
        seconds: of each answered request, from its first byte sent to its last byte received.
        codes: HTTP code → answers.
        wrong: answers with code 200 whose body was not the expected one.
        lost: local port of each connection that ended in the middle of a request.
    """

    elapsed: float = 0.0
    seconds: list[float] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)
    wrong: int = 0
    lost: list[int] = field(default_factory=list)

    @property
    def requests_per_second(self) -> float:
        return len(self.seconds) / self.elapsed

    def percentile(self, percent: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]

    @property
    def is_clean(self) -> bool:
        return not self.wrong and not self.lost and set(self.codes) == {200}


@dataclass
class _Connection:
    number: int
    socket: socket.socket
    port: int = 0
    serial: int = 0
    to_send: memoryview = field(default_factory=lambda: memoryview(b""))
    waits_to_send: bool = False
    received: bytes = b""
    expected: bytes | None = None
    since: float = 0.0


#: (number of the client, how many requests it sent before) → the request, and what the answer's body must
#: contain (None: anything).
MakeRequest = Callable[[int, int], tuple[bytes, bytes | None]]


def run(
    port: int,
    clients: int,
    seconds: float,
    make: MakeRequest,
    max_requests: int = 2_000_000,
    patience: float = 10.0,
) -> Outcome:
    """Load 127.0.0.1:``port`` from ``clients`` connections until the time or the number is over.

    Each sends its next request when the last one is answered. Those under way at the end are awaited
    (``patience`` seconds at most) and counted.
    """
    return _Run(port, make, max_requests, patience).run(clients, seconds)


class _Run:
    def __init__(self, port: int, make: MakeRequest, max_requests: int, patience: float) -> None:
        self._port = port
        self._make = make
        self._left = max_requests
        self._patience = patience
        self._poll = select.epoll()
        self._busy: dict[int, _Connection] = {}
        self._outcome = Outcome()
        self._end = 0.0

    def run(self, clients: int, seconds: float) -> Outcome:
        begun = time.monotonic()
        self._end = begun + seconds
        for number in range(clients):
            self._open(number, 0)
        while self._busy and time.monotonic() < self._end + self._patience:
            for descriptor, event in self._poll.poll(1.0):
                if event & ~select.EPOLLOUT:
                    self._receive(self._busy[descriptor])
                else:
                    self._send(self._busy[descriptor])
        self._outcome.lost += [connection.port for connection in self._busy.values()]
        self._outcome.elapsed = time.monotonic() - begun
        for connection in self._busy.values():
            connection.socket.close()
        self._poll.close()
        return self._outcome

    def _open(self, number: int, serial: int) -> None:
        while True:
            try:
                sock = socket.create_connection(("127.0.0.1", self._port), timeout=5)
                break
            except OSError:
                if time.monotonic() > self._end:
                    return
                time.sleep(_RECONNECT_SECONDS)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(number, sock, sock.getsockname()[1], serial)
        self._busy[sock.fileno()] = connection
        self._poll.register(sock, select.EPOLLIN)
        self._next(connection)

    def _close(self, connection: _Connection) -> None:
        descriptor = connection.socket.fileno()
        self._poll.unregister(descriptor)
        del self._busy[descriptor]
        connection.socket.close()

    def _reopen(self, connection: _Connection) -> None:
        """Count that the connection was lost, and go on with the next request."""
        self._outcome.lost.append(connection.port)
        self._close(connection)
        self._open(connection.number, connection.serial)

    def _next(self, connection: _Connection) -> None:
        if self._left <= 0 or time.monotonic() >= self._end:
            self._close(connection)
            return
        self._left -= 1
        request, connection.expected = self._make(connection.number, connection.serial)
        connection.serial += 1
        connection.to_send = memoryview(request)
        connection.received = b""
        connection.since = time.monotonic()
        self._send(connection)

    def _send(self, connection: _Connection) -> None:
        try:
            while connection.to_send:
                connection.to_send = connection.to_send[connection.socket.send(connection.to_send) :]
        except BlockingIOError:
            if not connection.waits_to_send:
                connection.waits_to_send = True
                self._poll.modify(connection.socket, select.EPOLLIN | select.EPOLLOUT)
        except OSError:
            self._reopen(connection)
        else:
            if connection.waits_to_send:
                connection.waits_to_send = False
                self._poll.modify(connection.socket, select.EPOLLIN)

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_LARGEST_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._reopen(connection)
            return
        connection.received += data
        head_end = connection.received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = _LENGTH.search(connection.received, 0, head_end)
        if length is None:
            raise ValueError(f"a reply without Content-Length: {connection.received[:200]!r}")
        if len(connection.received) < head_end + 4 + int(length[1]):
            return
        self._answered(connection, head_end)

    def _answered(self, connection: _Connection, head_end: int) -> None:
        outcome = self._outcome
        code = int(connection.received[9:12])
        outcome.seconds.append(time.monotonic() - connection.since)
        outcome.codes[code] += 1
        if code == 200 and connection.expected is not None:
            outcome.wrong += connection.expected not in connection.received[head_end:]
        if _CLOSES.search(connection.received, 0, head_end):
            self._close(connection)
            self._open(connection.number, connection.serial)
        else:
            self._next(connection)
