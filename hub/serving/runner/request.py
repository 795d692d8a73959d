"""A request as a runner has it, whatever brought it: over a socket here, through Ray on a cluster."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Self

from hub import envelope
from hub.serving.messages.wire import CallHeader, Frame
from hub.serving.runner import endpoints


@dataclass
class Request(ABC):
    """A received request. ``arguments`` are the caller's at first, then what the method is called with.

    Attributes:
        accepted: ``time.monotonic()`` when it came.
        packed: the frame, until ``unpack`` has read it.
        notes: remarks for the reply's ``msg`` (an image that could not be read, say).
        pages: of each image file the numbers of the pages that were read.
        waited: seconds for which it let other requests go first after it had begun.
    """

    header: CallHeader
    arguments: dict[str, Any]
    image_blobs: dict[str, Any]
    accepted: float
    notes: list[str] = field(default_factory=list, kw_only=True)
    pages: list[tuple[int, ...]] = field(default_factory=list, kw_only=True)
    packed: Frame | None = field(default=None, kw_only=True)
    waited: float = field(default=0.0, kw_only=True)

    @classmethod
    def from_frame(cls, frame: Frame, accepted: float, **more: Any) -> Self:
        """Return the request in a frame of kind ``call``; ``more`` are the fields of the subclass.

        One that runs alone stays packed until it does: reading it may be what ends the process.

        Raises:
            ProtocolError, ValueError, IndexError: the frame holds none.
        """
        request = cls(CallHeader.from_json(frame.header), {}, {}, accepted, packed=frame, **more)
        if not request.header.alone:
            request.unpack()
        return request

    def unpack(self) -> None:
        """Read arguments and blobs, once; raises ProtocolError, ValueError, IndexError."""
        frame, header = self.packed, self.header
        if frame is None:
            return
        arguments = envelope.loads(frame.blobs[0], trusted=True)
        if header.endpoint:
            files = {name: bytes(frame.blobs[number]) for name, number in header.files.items()}
            arguments = endpoints.arguments(header.endpoint, arguments, files)
        self.arguments = arguments
        self.image_blobs = {
            name: [frame.blobs[number] for number in numbers]
            if isinstance(numbers, list)
            else frame.blobs[numbers]
            for name, numbers in header.images.items()
        }
        self.packed = None

    @abstractmethod
    def reply(self, frame: Frame) -> None:
        """Answer, once; a gateway that has gone away is not an error."""

    @abstractmethod
    def send(self, item: Frame) -> bool:
        """Send an item of a stream, before the reply; False when nobody takes it any more."""

    def is_wanted(self) -> bool:
        """Tell whether the answer, or more of it, is still waited for."""
        return time.monotonic() < self.header.deadline and not self.caller_has_left()

    @abstractmethod
    def announce(self) -> bool:
        """Tell the gateway that it starts now; False, and dropped, when nobody listens any more."""

    @abstractmethod
    def caller_has_left(self) -> bool:
        """Tell whether nobody waits for the answer any more."""

    @abstractmethod
    def drop(self) -> None:
        """Leave it unanswered."""
