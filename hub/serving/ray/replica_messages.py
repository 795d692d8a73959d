"""The messages between replicas, gateways and agents. Ray pickles it; both sides have the same version.

Each machine has a clock of its own, so that only durations cross.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.serving.messages import wire
from hub.serving.messages.manifest import Manifest


@dataclass(frozen=True)
class Parcel:
    """A frame on its way between machines.

    Attributes:
        seconds: of a call: how long the caller still waits; of a reply: how long the replica had it.
    """

    kind: str
    header: dict[str, Any]
    blobs: tuple[bytes, ...]
    seconds: float

    @classmethod
    def of(cls, frame: wire.Frame, seconds: float) -> Parcel:
        """Return a frame in a form that can be pickled."""
        return cls(frame.kind, frame.header, tuple(bytes(blob) for blob in frame.blobs), seconds)

    @property
    def frame(self) -> wire.Frame:
        """The frame as a runner on this machine would send it."""
        return wire.Frame(self.kind, self.header, self.blobs)


@dataclass(frozen=True)
class ReplicaReport:
    """A replica's report to an agent.

    Attributes:
        started: field 22 of its ``/proc/PID/stat``.
        node: name of its machine.
        max_ongoing_requests: requests that Ray Serve hands it at once.
        ongoing: requests that it has now.
        others: seconds since another server than the one that asks asked; None where none does.
    """

    pid: int
    started: int
    node: str
    device: str
    memory_mb: int
    manifest: Manifest
    max_ongoing_requests: int
    ongoing: int
    others: float | None
