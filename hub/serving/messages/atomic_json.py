"""A JSON file with one writer, replaced whole: no reader ever sees half of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from hub import atomic_file

T = TypeVar("T")


def write(path: Path, data: Any) -> None:
    """Replace the file."""
    atomic_file.write(path, json.dumps(data, ensure_ascii=False))


class Reader(Generic[T]):
    """A reader's view: a ``stat`` each time, a read only when the file was replaced."""

    def __init__(self, path: Path, read: Callable[[Path], T], first: T) -> None:
        """Read ``path`` with ``read`` when it has changed; ``first`` holds until there is a file."""
        self._path = path
        self._read = read
        self._lock = threading.Lock()
        self._identity: tuple[int, int] | None = None
        self._seen = first

    def current(self) -> T:
        """Return what the file says now, or said last; raises FileNotFoundError until there has been one."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            if self._identity is None:
                raise
            return self._seen  # somebody cleaned the folder; the writer makes it again
        identity = (status.st_ino, status.st_mtime_ns)
        if identity != self._identity:
            with self._lock:
                if identity != self._identity:
                    self._seen = self._read(self._path)
                    self._identity = identity
        return self._seen
