"""Gateway ↔ runner: the frame that carries a request and its reply.

    frame   := u32 length of header · u64 length of the rest (both big endian) · header (JSON) · blobs
    header  := {"kind": …, "blobs": [length, …], …}, the rest by kind: CallHeader, ReplyHeader, ErrorHeader

One connection carries one request. The gateway sends a ``call``; the runner answers with one of the
reply kinds, after a ``started`` frame if the call asked for one (``announce``), and after an ``item`` frame
for each item of a stream. Closing
the connection without a reply means: the runner died (to the gateway), the caller left (to the runner).
Values are JSON and bytes, never pickle: nothing received is ever executed.

Few system calls on purpose: at each one a gateway thread may lose the interpreter lock to another.
"""

from __future__ import annotations

import itertools
import select
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

from hub import envelope

#: Kinds of frame.
CALL: Final = "call"
STARTED: Final = "started"
ITEM: Final = "item"
OK: Final = "ok"
#: The runner found that the deadline had passed.
EXPIRED: Final = "expired"
#: The name under which a call means the module's first serving method, whatever it is called.
FIRST: Final = ""
#: Replies that report an error, and the class of ``hub.errors`` the gateway raises for each.
ERROR_KINDS: Final[dict[str, str]] = {
    "binding": "BindingError",
    "input": "InvalidInputError",
    "too large": "PayloadTooLargeError",
    "raised": "ModuleRaisedError",
    EXPIRED: "DeadlineError",
    "unknown": "UnknownModuleError",
}

_LENGTHS = struct.Struct("!IQ")
_MAX_HEADER = 16 << 20
_MAX_FRAME = 4 << 30
#: More than a socket takes by default.
_LARGE = 200_000
_SEND_BUFFER = 4 << 20
#: The kernel takes 1024 at once.
_MAX_BUFFERS = 1000
_WAIT_SECONDS = 1.0
#: A frame up to this size is small.
_PEEKED = 65_536

Buffer = bytes | bytearray | memoryview


class ProtocolError(Exception):
    """The peer sent something that is not a frame."""


class PeerClosed(Exception):
    """The peer closed the connection before a whole frame came."""


@dataclass(frozen=True)
class Frame:
    """One message. ``blobs[0]`` of a call is its arguments as JSON, of an ok reply its results.

    An item has its value there; the ok reply that ends a stream has none.
    """

    kind: str
    header: dict[str, Any] = field(default_factory=dict)
    blobs: Sequence[Buffer] = ()


class _Header:
    """A header's fields as JSON types, without a look at each: both ends are of the same version."""

    __match_args__: ClassVar[tuple[str, ...]]  # the fields' names, as dataclasses write them

    def to_json(self) -> dict[str, Any]:
        """Return the fields; what they hold is JSON already."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Build the header; raises ProtocolError for one without a field that it needs."""
        try:
            return cls(**{name: data[name] for name in cls.__match_args__ if name in data})
        except TypeError as error:
            raise ProtocolError(f"not a {cls.__name__}: {error}") from error


@dataclass(frozen=True)
class CallHeader(_Header):
    """A call; ``blobs[0]`` are its arguments as JSON.

    Attributes:
        deadline: ``time.monotonic()`` after which nobody needs the answer, or more of a stream.
        sent: ``time.monotonic()`` when it was sent.
        images: argument → the blob that holds its image, or those of a list of images.
        endpoint: a pipeline's endpoint that is called, "" for the module itself.
        files: field of the endpoint's body → the blob that holds the file.
        strict: an image that cannot be read is an error.
        alone: it was sent before, so it runs with no other in the process.
        announce: the runner says when it starts.
        method: the serving method that is called.
        item: of a job's page: which of the job's items the only one here is, for remarks.
        page: likewise, which page of a document the image is.
        patience: of a job's page: seconds for which it lets other requests go first; 0 for any other request.
    """

    request_id: str
    deadline: float
    sent: float
    images: dict[str, int | list[int]] = field(default_factory=dict)
    endpoint: str = ""
    files: dict[str, int] = field(default_factory=dict)
    strict: bool = False
    alone: bool = False
    announce: bool = False
    method: str = FIRST
    item: int = 0
    page: int | None = None
    patience: float = 0.0


@dataclass(frozen=True)
class ReplyHeader(_Header):
    """An answer; ``blobs[0]`` are its results as JSON, but at the end of a stream. Times in seconds.

    Attributes:
        batch: requests in the call of the module.
        notes: remarks for the envelope's ``msg``.
        pages: of each image file the numbers of the pages that were read, from 0.
        http_status: of an endpoint's reply.
    """

    batch: int = 1
    queue_seconds: float = 0.0
    batch_seconds: float = 0.0
    run_seconds: float = 0.0
    generation: int = 1
    notes: Sequence[str] = ()
    pages: Sequence[Sequence[int]] = ()
    http_status: int = 200


@dataclass(frozen=True)
class ErrorHeader(_Header):
    """A report of an error of one of ERROR_KINDS; ``exception``: the class that the module raised."""

    message: str = ""
    generation: int = 1
    exception: str = ""


def send(
    sock: socket.socket, frame: Frame, deadline: float, on_wait: Callable[[], None] = lambda: None
) -> None:
    """Send a frame whole by ``deadline`` (``time.monotonic``); raises TimeoutError or OSError.

    ``on_wait`` is called at least once a second while the peer takes nothing.
    """
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
            while not _is_ready(sock, select.POLLOUT, deadline, most=_WAIT_SECONDS):
                on_wait()
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


def has_whole_frame(sock: socket.socket) -> bool:
    """Tell whether a frame, a small one, is there to be received without a wait."""
    try:
        data = sock.recv(_PEEKED, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False
    return len(data) >= _LENGTHS.size and len(data) >= _LENGTHS.size + _LENGTHS.unpack_from(data)[1]


def peer_has_left(sock: socket.socket | int) -> bool:
    """Tell whether the peer of a socket, or of its descriptor, has closed its end; reads nothing."""
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
    """Wait until the socket is ready; raises TimeoutError at the deadline."""
    while not _is_ready(sock, event, deadline):
        pass


def _is_ready(sock: socket.socket, event: int, deadline: float, most: float = float("inf")) -> bool:
    """Wait for ``most`` seconds until the socket is ready; raises TimeoutError at the deadline."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("deadline passed")
    poller = select.poll()
    poller.register(sock, event)
    return bool(poller.poll(min(remaining, most) * 1000))
