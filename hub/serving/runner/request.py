"""A request as a runner has it, whatever brought it: over a socket here, through Ray on a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Self

from hub import envelope
from hub.serving.messages import wire
from hub.serving.runner import endpoints


@dataclass
class Request(ABC):
    """A received request. ``arguments`` are the caller's at first, then what the method is called with.

    Attributes:
        accepted: ``time.monotonic()`` when it came.
        notes: remarks for the reply's ``msg`` (an image that could not be read, say).
    """

    header: dict[str, Any]
    arguments: dict[str, Any]
    image_blobs: dict[str, Any]
    accepted: float
    notes: list[str] = field(default_factory=list, kw_only=True)

    @classmethod
    def from_frame(cls, frame: wire.Frame, accepted: float, **more: Any) -> Self:
        """The request in a frame of kind ``call``; ``more`` are the fields of the subclass.

        Raises:
            ValueError, IndexError, KeyError, TypeError: the frame holds none.
        """
        arguments = envelope.loads(frame.blobs[0])
        endpoint = frame.header.get("endpoint")
        if endpoint:
            files = {name: bytes(frame.blobs[number]) for name, number in frame.header["files"].items()}
            arguments = endpoints.arguments(endpoint, arguments, files)
        float(frame.header["deadline"]), float(frame.header["sent"])
        return cls(frame.header, arguments, _image_blobs(frame), accepted, **more)

    @property
    def request_id(self) -> str:
        return str(self.header.get("id", "-"))

    @property
    def deadline(self) -> float:
        return float(self.header["deadline"])

    @property
    def is_at_endpoint(self) -> bool:
        """The result then says its HTTP status itself."""
        return bool(self.header.get("endpoint"))

    @property
    def is_alone(self) -> bool:
        """Resent after a runner died under it: it runs apart, so that blame is certain."""
        return bool(self.header.get("alone"))

    @property
    def wants_announcement(self) -> bool:
        """The gateway wants to know when it starts: to blame it, or because it must not run twice."""
        return bool(self.header.get("announce"))

    @abstractmethod
    def reply(self, frame: wire.Frame) -> None:
        """Answer, once; a gateway that has gone away is no error."""

    @abstractmethod
    def announce(self) -> bool:
        """Tell the gateway that it starts now; False, and dropped, when nobody listens any more."""

    @abstractmethod
    def caller_has_left(self) -> bool:
        """Whether nobody waits for the answer any more."""

    @abstractmethod
    def drop(self) -> None:
        """Leave it unanswered."""


def _image_blobs(frame: wire.Frame) -> dict[str, Any]:
    """Argument name → its image bytes, one or a list, by the blob numbers in the header."""
    found: dict[str, Any] = {}
    for name, numbers in frame.header.get("images", {}).items():
        if isinstance(numbers, list):
            found[name] = [frame.blobs[number] for number in numbers]
        else:
            found[name] = frame.blobs[numbers]
    return found
