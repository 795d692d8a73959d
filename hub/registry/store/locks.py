"""One change at a time: a file lock that says so when it has to wait.

The kernel drops the lock when its process ends, however it ends, so none is ever left behind.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import RegistryError
from hub.registry.progress import Progress

_PATIENCE = 900.0


@contextmanager
def locked(path: Path, *, subject: str, progress: Progress) -> Iterator[None]:
    """Hold the lock ``path`` while the context is open; ``subject`` is what it protects.

    Raises:
        RegistryError: another process has held it for a quarter of an hour.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0.2)
    except Timeout:
        with progress.task(f"Waiting for another process that is changing {subject}"):
            try:
                lock.acquire(timeout=_PATIENCE)
            except Timeout as error:
                raise RegistryError(
                    f"another process has been changing {subject} for {_PATIENCE / 60:.0f} minutes; "
                    f"end it and try again (it holds the lock {path})"
                ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def flocked(path: Path) -> Iterator[None]:
    """Hold the lock of a file itself, alone; raise BlockingIOError where another process has it."""
    descriptor = _open_for_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def share(path: Path) -> int:
    """Hold the lock of a file together with others, until the returned descriptor is closed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _open_for_lock(path: Path) -> int:
    """Open a file for writing, which NFS requires of who wants a lock alone, or else for reading."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
