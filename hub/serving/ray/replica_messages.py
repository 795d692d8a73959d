"""The messages between replicas, gateways and agents. Ray pickles it; both sides have the same version.

Each machine has a clock of its own, so that only durations cross.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.serving.messages import wire
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import ProcessState


@dataclass(frozen=True)
class Parcel:
    """A frame on its way between machines.

    Attributes:
        seconds: of a call: how long the caller still waits; of a reply: how long the replica had it.
    """

    frame: wire.Frame
    seconds: float

    @classmethod
    def of(cls, frame: wire.Frame, seconds: float) -> Parcel:
        """Return a frame in a form that can be pickled."""
        return cls(replace(frame, blobs=tuple(map(bytes, frame.blobs))), seconds)


@dataclass(frozen=True)
class ReplicaReport:
    """A replica's report to an agent.

    Attributes:
        max_ongoing_requests: requests that Ray Serve hands it at once.
        ongoing: requests that it has now.
        others: seconds since another server than the one that asks asked; None where none does.
    """

    process: ProcessState
    manifest: Manifest
    max_ongoing_requests: int
    ongoing: int
    others: float | None

    @property
    def identity(self) -> tuple[str, int, int]:
        """Name of its machine, pid and start time."""
        return self.process.node, self.process.pid, self.process.started
