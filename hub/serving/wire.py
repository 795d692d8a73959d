"""[2↔3] The frame between gateway and runner; the only file of the protocol, imported by both.

    frame   := u32 length of header (big endian) · header (JSON) · blobs
    header  := {"kind": …, "blobs": [length, …], …}

One connection carries one request. The gateway sends a ``call``; the runner answers with one of the
reply kinds, after a ``started`` frame if the call asked for one (``announce``). Closing
the connection without a reply means: the runner died (to the gateway), the caller left (to the runner).
Values are JSON and bytes, never pickle: nothing received is ever executed. Standard library only.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

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

_LENGTH = struct.Struct("!I")
_MAX_HEADER = 16 << 20
_MAX_BLOBS = 4 << 30

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
    fields = {**frame.header, "kind": frame.kind, "blobs": [len(blob) for blob in frame.blobs]}
    header = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    small = [_LENGTH.pack(len(header)), header]
    if sum(map(len, frame.blobs)) <= 16384:  # one system call for the common case
        _send_all(sock, b"".join((*small, *frame.blobs)), deadline)
        return
    _send_all(sock, b"".join(small), deadline)
    for blob in frame.blobs:
        _send_all(sock, blob, deadline)


def receive(sock: socket.socket, deadline: float) -> Frame:
    """Receive one whole frame by ``deadline``.

    Raises:
        TimeoutError: not whole in time.  PeerClosed: end of file.  ProtocolError: not a frame.
    """
    (length,) = _LENGTH.unpack(_receive_exactly(sock, _LENGTH.size, deadline))
    if length > _MAX_HEADER:
        raise ProtocolError(f"header of {length} bytes")
    try:
        header = json.loads(_receive_exactly(sock, length, deadline))
        kind, sizes = header.pop("kind"), header.pop("blobs")
    except (ValueError, KeyError, AttributeError) as error:
        raise ProtocolError("header is not a JSON object with kind and blobs") from error
    if not all(isinstance(size, int) and size >= 0 for size in sizes) or sum(sizes) > _MAX_BLOBS:
        raise ProtocolError("impossible blob sizes")
    return Frame(kind, header, [_receive_exactly(sock, size, deadline) for size in sizes])


def peer_has_left(sock: socket.socket) -> bool:
    """True when the peer has closed its end; reads nothing."""
    poller = select.poll()
    poller.register(sock, select.POLLRDHUP)
    return bool(poller.poll(0))


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("deadline passed")
    return remaining


def _send_all(sock: socket.socket, data: Buffer, deadline: float) -> None:
    sock.settimeout(_remaining(deadline))
    sock.sendall(data)


def _receive_exactly(sock: socket.socket, size: int, deadline: float) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        sock.settimeout(_remaining(deadline))
        received = sock.recv_into(view)
        if received == 0:
            raise PeerClosed
        view = view[received:]
    return data
