"""The name of a listening Unix socket in the file system, which is made again where somebody removes it."""

from __future__ import annotations

import os
from pathlib import Path


class SocketName:
    """For a socket that is bound to ``path``.

    The kernel gives a bound socket no second name, but it finds one by a link to a descriptor of its file,
    also when that file has lost its name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.chmod(0o600)
        self._descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)

    def renew(self) -> None:
        """Make it again if it is gone; raises OSError."""
        if not self._path.exists():
            self._path.symlink_to(f"/proc/{os.getpid()}/fd/{self._descriptor}")

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
