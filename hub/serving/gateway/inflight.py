"""The bytes of all request bodies in the server, counted over all of its processes that take requests."""

from __future__ import annotations

import threading
from pathlib import Path

from hub.serving.gateway.shared_number import SharedNumber


class InflightBytes:
    """Bytes in flight, of this process and of all; one object a process, for all of its threads."""

    def __init__(self, limit: int, path: Path | None = None) -> None:
        """Count in the file at ``path``; without one, and where it cannot be made, count alone."""
        self.limit = limit
        self._lock = threading.Lock()
        self._bytes = SharedNumber(path)

    @property
    def held(self) -> int:
        """Bytes of this process."""
        return self._bytes.own

    def book(self, size: int) -> bool:
        """Count bytes that have arrived; False, and nothing counted, where they are too many in all."""
        with self._lock:
            if self._bytes.total + size > self.limit:
                return False
            self._bytes.add(size)
            return True

    def release(self, size: int) -> None:
        """Count bytes that are no longer held."""
        with self._lock:
            self._bytes.add(-size)
