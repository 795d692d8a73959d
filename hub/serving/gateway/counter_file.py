"""A process's counters in a file of the run dir, which others read; in memory while there is no room for it.

It takes the place of prometheus_client's ``MmapedDict`` and has its format. That one maps a file whose blocks
do not exist yet: on a full disk the first count in a new block is a SIGBUS, which ends the process and all
requests in it. Here all blocks are there before a file is mapped.

    file  := i32 bytes used · 4 bytes · entry*
    entry := i32 length of the key · key · blanks up to a multiple of 8 · f64 value · f64 time
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import mmap
import os
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from hub import atomic_file

log = logging.getLogger("hub.gateway")

#: Bytes of a new file.
SIZE: Final = 1 << 16
#: Between two looks whether the file is still there, or can be made now.
LOOK_SECONDS: Final = 1.0
_USED = struct.Struct("=i4x")
_VALUE = struct.Struct("=dd")


class CounterFile:
    """Counters by key. Not thread-safe: prometheus_client holds a lock."""

    def __init__(self, filename: str) -> None:
        self._path = Path(filename)
        self._positions: dict[str, int] = {}
        self._used = _USED.size
        self._map = mmap.mmap(-1, SIZE)
        self._is_shared = True
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._move(SIZE)

    def read_value(self, key: str) -> tuple[float, float]:
        """Return a counter's value, and when it was set; both 0.0 for a new one."""
        position = self._position(key)  # which may take another map
        value, timestamp = _VALUE.unpack_from(self._map, position)
        return value, timestamp

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Set a counter. Readers see the old value or the new, never a part of it."""
        position = self._position(key)
        self._map[position : position + _VALUE.size] = _VALUE.pack(value, timestamp)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            if not (self._is_shared and self._path.exists()):
                self._move(len(self._map))

    def close(self) -> None:
        self._map.close()

    def _position(self, key: str) -> int:
        if key not in self._positions:
            entry = _entry(key, 0.0)
            size = len(self._map)
            while self._used + len(entry) > size:
                size *= 2
            if size > len(self._map):
                self._move(size)
            self._map[self._used : self._used + len(entry)] = entry
            self._used += len(entry)
            self._positions[key] = self._used - _VALUE.size
            _USED.pack_into(self._map, 0, self._used)
        return self._positions[key]

    def _move(self, size: int) -> None:
        """Go on in a new file of so many bytes, or in memory where there is no room for one."""
        content = _USED.pack(self._used) + self._map[_USED.size : self._used]
        try:
            with atomic_file.replacing(self._path) as path:
                fresh = _allocated(path, size)
                fresh[: self._used] = content
            is_shared = True
        except OSError as error:
            fresh, is_shared = mmap.mmap(-1, size), False
            fresh[: self._used] = content
            if self._is_shared:
                log.warning("/metrics leaves out this process until %s can be written: %s", self._path, error)
        self._map.close()
        self._map, self._is_shared = fresh, is_shared


def _allocated(path: Path, size: int) -> mmap.mmap:
    """Map a new file, all of whose blocks are there; raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        return mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)


def _entry(key: str, value: float) -> bytes:
    encoded = key.encode()
    blanks = b" " * (8 - (len(encoded) + 4) % 8)
    return struct.pack("=i", len(encoded)) + encoded + blanks + _VALUE.pack(value, 0.0)


def use() -> None:
    """Have prometheus_client keep this process's counters so; to be called before one is made."""
    from prometheus_client import values

    values.MmapedDict = CounterFile  # type: ignore[assignment, attr-defined]


def fold(dead: Iterable[Path], total: Path) -> None:
    """Add the counters of processes that are gone to one file, in place of theirs.

    Raises:
        OSError: it cannot be written; nothing has changed then.
    """
    from prometheus_client.mmap_dict import MmapedDict

    files = [*dead]
    sums: dict[str, float] = {}
    for path in [*files, *([total] if total.exists() else [])]:
        for key, value, *_ in MmapedDict.read_all_values_from_file(path):  # type: ignore[no-untyped-call]
            sums[key] = sums.get(key, 0.0) + value
    if files:
        atomic_file.write(total, _content(sums), mode=0o600)
        for path in files:
            path.unlink(missing_ok=True)


def _content(counters: Mapping[str, float]) -> bytes:
    entries = b"".join(_entry(key, value) for key, value in counters.items())
    return _USED.pack(_USED.size + len(entries)) + entries


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep ``changing`` away meanwhile: half of a change is a counter that jumps."""
    with _opened(folder) as descriptor:
        with contextlib.suppress(OSError):  # a file system without locks, where nobody changes anything
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Have the folder to oneself; raises OSError while somebody reads, or where there are no locks."""
    with _opened(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
