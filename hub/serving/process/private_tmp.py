"""A folder of a process that may be killed: its name says whose it is, so that a leftover is known.

Below /tmp, which is short on purpose: a Unix socket's path ends at 107 bytes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from hub.serving.process import procfs

_PLACE: Final = Path("/tmp")


def make(prefix: str) -> Path:
    """Make a private folder ``/tmp/<prefix>-<pid>-…`` for this process."""
    started = procfs.started(os.getpid())
    return Path(tempfile.mkdtemp(prefix=f"{prefix}-{os.getpid()}-{started}-", dir=_PLACE))


def sweep(prefix: str) -> None:
    """Remove folders of our own whose process is gone."""
    for folder in _PLACE.glob(f"{prefix}-*"):
        with contextlib.suppress(ValueError, OSError):
            pid, started = map(int, folder.name.removeprefix(f"{prefix}-").split("-")[:2])
            if folder.stat().st_uid == os.getuid() and procfs.started(pid) != started:
                shutil.rmtree(folder, ignore_errors=True)
