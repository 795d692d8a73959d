"""A number of each process that takes requests, and their sum, in a small file that all of them map.

Each process writes its own number alone, and reads the others'.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.serving.process import procfs

#: Processes at a time: 64 HTTP workers, the gRPC gateway, and those that end while others begin.
_PLACES: Final = 256
#: A place holds the process's id and its number. Before the first one stands how many were ever taken.
_ITEM_BYTES: Final = 8
_FIRST: Final = 2
_SIZE: Final = (_FIRST + _PLACES * 2) * _ITEM_BYTES


class SharedNumber:
    """One object a process; where threads share it, its user holds a lock."""

    def __init__(self, path: Path | None = None) -> None:
        """Take a place in the file at ``path``; without one, and where it cannot be made, be alone."""
        try:
            self._items, self._place = _join(path) if path is not None else _alone()
        except OSError:  # a full disk: a limit for each process is better than no service
            self._items, self._place = _alone()

    @property
    def own(self) -> int:
        """The number of this process."""
        return self._items[self._place]

    def add(self, amount: int) -> None:
        """Change the number of this process."""
        self._items[self._place] += amount

    @property
    def total(self) -> int:
        """The sum of all; a process that was killed counts until another takes its place."""
        return sum(self._items[_FIRST + 1 : _FIRST + 2 * self._items[0] : 2])

    @property
    def total_of_living(self) -> int:
        """The sum over the processes that there are, which takes longer to tell."""
        return sum(self._items[place + 1] for place in self._used() if self._is_counted(place))

    def _used(self) -> Iterator[int]:
        return iter(range(_FIRST, _FIRST + 2 * self._items[0], 2))

    def _is_counted(self, place: int) -> bool:
        if place + 1 == self._place:
            return True
        return bool(self._items[place + 1]) and procfs.started(self._items[place]) is not None


def _alone() -> tuple[memoryview, int]:
    items = memoryview(mmap.mmap(-1, _SIZE)).cast("q")
    items[0] = 1
    return items, _FIRST + 1


def _join(path: Path) -> tuple[memoryview, int]:
    """Map the file, take a place that is free or whose process is gone, and clear those of the dead."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.posix_fallocate(descriptor, 0, _SIZE)  # a page that a full disk cannot give would kill the process
        items = memoryview(mmap.mmap(descriptor, _SIZE)).cast("q")
        places = range(_FIRST, _FIRST + 2 * _PLACES, 2)
        for place in places:
            if items[place] and procfs.started(items[place]) is None:
                items[place] = items[place + 1] = 0
        free = next((place for place in places if not items[place]), None)
        if free is None:
            return _alone()
        items[free], items[free + 1] = os.getpid(), 0
        items[0] = max(items[0], (free - _FIRST) // 2 + 1)
        return items, free + 1
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # the map keeps a descriptor of its own, and so the lock
        os.close(descriptor)
