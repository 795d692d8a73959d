"""A private folder for the sockets and files of one process, which go with it.

It is below ``TMPDIR``, else /tmp, unless the caller names another place. The process holds a lock on it: what
cleans such places (systemd-tmpfiles, after ten days) leaves a locked folder alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub import settings
from hub.errors import StartupError
from hub.serving.messages.run_dir import SOCKET_BYTES
from hub.serving.process import leftovers, procfs

log = logging.getLogger("hub.process")

#: A Unix socket's path has at most so many bytes.
_SOCKET_PATH: Final = 107
#: Where sockets are when TMPDIR is too deep for them.
_FALLBACK: Final = Path("/tmp")
#: Bytes that ``tempfile`` adds to a prefix.
_RANDOM: Final = 8
#: A server writes about this much there, its counters most of all.
_LEAST_BYTES: Final = 1 << 20


class PrivateFolder:
    """A new folder ``<prefix>-…`` that only this user can enter."""

    def __init__(self, prefix: str, *, place: Path | None = None, room: int = SOCKET_BYTES) -> None:
        """Make it.

        Args:
            prefix: how its name begins.
            place: where; None for the temporary folder.
            room: bytes of the longest path of a socket in it, from the folder on.

        Raises:
            StartupError: it cannot be made, has too little space, or is too deep for sockets.
        """
        where = _place(place, len(f"/{prefix}-") + _RANDOM + room)
        with explained(where):
            self.path = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=where))
            self._lock = _hold(self.path)
            try:
                _require_space(self.path)
            except OSError:
                self.remove()
                raise

    def renew(self) -> None:
        """Make it again, empty, where somebody has removed it; raises OSError."""
        if not self.path.is_dir():
            self.path.mkdir(mode=0o700)
            os.close(self._lock)
            self._lock = _hold(self.path)

    def remove(self) -> None:
        """Remove it with all that is in it; for once."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@contextlib.contextmanager
def explained(where: Path) -> Iterator[None]:
    """Turn an OSError into a StartupError that names the folder and what to do."""
    try:
        yield
    except OSError as error:
        raise StartupError(
            f"cannot write in {where}: {error.strerror or error}; free space there, or name another folder: "
            "runtime_dir in config.json (HUB_RUNTIME_DIR), or TMPDIR"
        ) from error


def _place(asked: Path | None, room: int) -> Path:
    """Return the folder to be in; raises StartupError for one that is too deep for sockets."""
    place = (asked if asked is not None else settings.temporary_folder()).expanduser().absolute()
    longest = _SOCKET_PATH - room
    if len(os.fsencode(place)) <= longest:
        return place
    why = f"its path is too long for sockets: {len(os.fsencode(place))} bytes, at most {longest}"
    if asked is not None:
        raise StartupError(f"runtime_dir {place} cannot be used: {why}")
    log.warning("TMPDIR %s is not used, but %s: %s", place, _FALLBACK, why)
    return _FALLBACK


def _hold(folder: Path) -> int:
    """Lock a folder for as long as the descriptor is open."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return descriptor


def is_held(folder: Path) -> bool:
    """Tell whether a live process holds a folder that was made here."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # it is gone
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def _require_space(folder: Path) -> None:
    """Raise OSError where the folder's disk has no space left."""
    with tempfile.TemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, _LEAST_BYTES)


def make(prefix: str) -> PrivateFolder:
    """Make a private folder ``<prefix>-<pid>-…``, whose name says whose it is; raises StartupError."""
    started = procfs.started(os.getpid())
    return PrivateFolder(f"{prefix}-{os.getpid()}-{started}")


def sweep(prefix: str) -> None:
    """Remove folders that ``make`` made for processes of this user that are gone; end what those left."""
    for place in {settings.temporary_folder(), _FALLBACK}:
        for folder in place.glob(f"{prefix}-*"):
            with contextlib.suppress(ValueError, OSError):
                pid, started = map(int, folder.name.removeprefix(f"{prefix}-").split("-")[:2])
                if folder.stat().st_uid == os.getuid() and procfs.started(pid) != started:
                    leftovers.end_owned(folder)
                    shutil.rmtree(folder, ignore_errors=True)
