"""Log files that somebody rotates: every process's stdout and stderr, which SIGUSR1 has it open again.

The supervisor opens them by their names. Its children take over what their parent has by then; their
``SIGUSR1`` is blocked from before their start until they can do that. Standard library only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

log = logging.getLogger("hub.process")

_OUTPUTS: Final = (1, 2)


class LogFiles:
    """The supervisor's: the names of the files as they were when it began."""

    def __init__(self) -> None:
        self._paths = {output: Path(f"/proc/self/fd/{output}").readlink() for output in _files()}

    def reopen(self) -> None:
        """Open them again; one that cannot be opened goes on as it is."""
        sys.stdout.flush()
        for output, path in self._paths.items():
            try:
                _replace(output, str(path))
            except OSError as error:
                log.error("the log file %s is not opened again: %s", path, error.strerror)


def follow_parent() -> None:
    """Take over the parent's files, in a child; for its handler of SIGUSR1."""
    for output in _files():
        with contextlib.suppress(OSError):
            _replace(output, f"/proc/{os.getppid()}/fd/{output}")


def follow_on_signal() -> None:
    """Take over the parent's files at each SIGUSR1 from now on; for the start of a child's ``main``."""
    signal.signal(signal.SIGUSR1, lambda *_: follow_parent())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})


@contextlib.contextmanager
def signal_waits() -> Iterator[None]:
    """Have a child that is started meanwhile begin with SIGUSR1 blocked, which would end it as yet."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _files() -> list[int]:
    """Return which of stdout and stderr are files; a terminal, a pipe or a socket is not rotated."""
    found = []
    for output in _OUTPUTS:
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.fstat(output).st_mode):
                found.append(output)
    return found


def _replace(output: int, path: str) -> None:
    """Open a file in place of a descriptor, with the old one's permissions where it is new."""
    mode = stat.S_IMODE(os.fstat(output).st_mode)
    fresh = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        os.dup2(fresh, output)
    finally:
        os.close(fresh)
