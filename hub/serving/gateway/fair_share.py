"""Spreads connections that come together over the HTTP workers, which accept from one socket.

The worker that runs first would take them all: a client that opens a pool of connections would keep one
worker busy, and the others would look on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hub.serving.gateway.shared_number import SharedNumber

#: Connections that are taken before anything else is done, by an only worker and by one of several.
_AT_ONCE: Final = 64
_ONE: Final = 1


class FairShare:
    """The connections of one HTTP worker, and of all.

    Attributes:
        at_once: connections to take before the others get their turn.
    """

    def __init__(self, workers: int, path: Path) -> None:
        """Count in the file at ``path``, where there are several workers."""
        self._workers = workers
        self._held = SharedNumber(path if workers > 1 else None)
        self.at_once = _AT_ONCE if workers == 1 else _ONE

    def note(self, connections: int) -> None:
        """Tell the others how many this worker has."""
        self._held.add(connections - self._held.own)

    @property
    def is_exceeded(self) -> bool:
        """This worker has more than its share, so that others may go first."""
        return self._held.own * self._workers > self._held.total
