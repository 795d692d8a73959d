"""The frame between gateway and runner; the only file of the protocol, imported by both.

    frame   := u32 length of header · u64 length of the rest (both big endian) · header (JSON) · blobs
    header  := {"kind": …, "blobs": [length, …], …}

One connection carries one request. The gateway sends a ``call``; the runner answers with one of the
reply kinds, after a ``started`` frame if the call asked for one (``announce``). Closing
the connection without a reply means: the runner died (to the gateway), the caller left (to the runner).
Values are JSON and bytes, never pickle: nothing received is ever executed. Standard library only (orjson
where it is installed).

Few system calls on purpose: at each one a gateway thread may lose the interpreter lock to another.
"""

from __future__ import annotations

import itertools
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub import envelope

#: Kinds of frame.
CALL: Final = "call"
STARTED: Final = "started"
OK: Final = "ok"
#: Replies that report an error, and the class of ``hub.errors`` the gateway raises for each.
ERROR_KINDS: Final[dict[str, str]] = {
    "binding": "BindingError",
    "input": "InvalidInputError",
    "raised": "ModuleRaisedError",
    "expired": "DeadlineError",
}

_LENGTHS = struct.Struct("!IQ")
_MAX_HEADER = 16 << 20
_MAX_FRAME = 4 << 30
#: More than a socket takes by default.
_LARGE = 200_000
_SEND_BUFFER = 4 << 20
#: The kernel takes 1024 at once.
_MAX_BUFFERS = 1000

Buffer = bytes | bytearray | memoryview


class ProtocolError(Exception):
    """The peer sent something that is no frame."""


class PeerClosed(Exception):
    """The peer closed the connection before a whole frame came."""


@dataclass(frozen=True)
class Frame:
    """One message. ``blobs[0]`` of a call is its arguments as JSON, of an ok reply its results."""

    kind: str
    header: dict[str, Any] = field(default_factory=dict)
    blobs: Sequence[Buffer] = ()


def send(sock: socket.socket, frame: Frame, deadline: float) -> None:
    """Send a frame whole by ``deadline`` (``time.monotonic``); raises TimeoutError or OSError."""
    sizes = [len(blob) for blob in frame.blobs]
    header = envelope.dumps({**frame.header, "kind": frame.kind, "blobs": sizes})
    head = _LENGTHS.pack(len(header), len(header) + sum(sizes)) + header
    if sum(sizes) > _LARGE:  # as much at once as the kernel allows: the receiver is woken less often
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    buffers = [memoryview(part) for part in (head, *frame.blobs) if len(part)]
    while buffers:
        try:
            sent = sock.sendmsg(buffers[:_MAX_BUFFERS], (), socket.MSG_DONTWAIT)
        except BlockingIOError:
            _wait(sock, select.POLLOUT, deadline)
            continue
        while buffers and sent >= len(buffers[0]):
            sent -= len(buffers.pop(0))
        if sent:
            buffers[0] = buffers[0][sent:]


def receive(sock: socket.socket, deadline: float) -> Frame:
    """Receive one whole frame by ``deadline``. Its blobs are views of one buffer.

    Raises:
        TimeoutError: not whole in time.  PeerClosed: end of file.  ProtocolError: not a frame.
    """
    end_of_header, total = _LENGTHS.unpack(_receive_exactly(sock, _LENGTHS.size, deadline))
    if end_of_header > _MAX_HEADER or not end_of_header <= total <= _MAX_FRAME:
        raise ProtocolError(f"header of {end_of_header} in {total} bytes")
    data = _receive_exactly(sock, total, deadline)
    try:
        header = envelope.loads(data[:end_of_header])
        kind, sizes = header.pop("kind"), header.pop("blobs")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ProtocolError("header is not a JSON object with kind and blobs") from error
    if not all(isinstance(size, int) and size >= 0 for size in sizes) or end_of_header + sum(sizes) != total:
        raise ProtocolError("impossible blob sizes")
    ends = list(itertools.accumulate(sizes, initial=end_of_header))
    blobs = [data[start:end] for start, end in itertools.pairwise(ends)]
    return Frame(kind, header, blobs)


def peer_has_left(sock: socket.socket | int) -> bool:
    """True when the peer of a socket, or of its descriptor, has closed its end; reads nothing."""
    poller = select.poll()
    poller.register(sock, select.POLLRDHUP)
    return bool(poller.poll(0))


def _receive_exactly(sock: socket.socket, size: int, deadline: float) -> memoryview:
    whole = memoryview(bytearray(size))
    missing = whole
    while missing:
        try:
            received = sock.recv_into(missing, 0, socket.MSG_DONTWAIT)
        except BlockingIOError:
            _wait(sock, select.POLLIN, deadline)
            continue
        if received == 0:
            raise PeerClosed
        missing = missing[received:]
    return whole


def _wait(sock: socket.socket, event: int, deadline: float) -> None:
    """Until the socket is ready; raises TimeoutError at the deadline."""
    remaining = deadline - time.monotonic()
    poller = select.poll()
    poller.register(sock, event)
    if remaining <= 0 or not poller.poll(remaining * 1000):
        raise TimeoutError("deadline passed")
