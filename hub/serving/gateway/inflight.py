"""The bytes of all request bodies in the server, counted over all of its processes that take requests.

Each process writes its own sum into a small file in the run dir that all of them map, and reads the others'.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from pathlib import Path
from typing import Final

from hub.serving.process import procfs

#: Processes at a time: 64 HTTP workers, the gRPC gateway, and those that end while others begin.
_PLACES: Final = 256
#: A place holds the process's id and its bytes.
_NUMBER_BYTES: Final = 8
_SIZE: Final = _PLACES * 2 * _NUMBER_BYTES


class InflightBytes:
    """Bytes in flight, of this process and of all; one object a process, for all of its threads."""

    def __init__(self, limit: int, path: Path | None = None) -> None:
        """Take a place in the file at ``path``; without one, and where it cannot be made, count alone."""
        self.limit = limit
        self._lock = threading.Lock()
        try:
            self._numbers, self._place = _join(path) if path is not None else _alone()
        except OSError:  # a full disk: a limit for each process is better than no service
            self._numbers, self._place = _alone()

    @property
    def held(self) -> int:
        """Bytes of this process."""
        return self._numbers[self._place]

    def book(self, size: int) -> bool:
        """Count bytes that have arrived; False, and nothing counted, where they are too many in all."""
        with self._lock:
            if sum(self._numbers[1::2]) + size > self.limit:
                return False
            self._numbers[self._place] += size
            return True

    def release(self, size: int) -> None:
        """Count bytes that are no longer held."""
        with self._lock:
            self._numbers[self._place] -= size


def _alone() -> tuple[memoryview, int]:
    return memoryview(mmap.mmap(-1, _SIZE)).cast("q"), 1


def _join(path: Path) -> tuple[memoryview, int]:
    """Map the file, take a place that is free or whose process is gone, and clear those of the dead."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.posix_fallocate(descriptor, 0, _SIZE)  # a page that a full disk cannot give would kill the process
        numbers = memoryview(mmap.mmap(descriptor, _SIZE)).cast("q")
        for place in range(0, 2 * _PLACES, 2):
            if numbers[place] and procfs.started(numbers[place]) is None:
                numbers[place] = numbers[place + 1] = 0
        free = next((place for place in range(0, 2 * _PLACES, 2) if not numbers[place]), None)
        if free is None:
            return _alone()
        numbers[free], numbers[free + 1] = os.getpid(), 0
        return numbers, free + 1
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # the map keeps a descriptor of its own, and so the lock
        os.close(descriptor)
