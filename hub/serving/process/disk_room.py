"""Room on the disk that is left to others: jobs take none of the last gigabyte, or of the last 5 %."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hub.errors import StorageFullError

#: Bytes, and share of the disk, that stay free.
FLOOR_BYTES: Final = 1_000_000_000
FLOOR_SHARE: Final = 0.05


def is_full(error: OSError) -> bool:
    """Tell whether a disk, or somebody's share of it, has no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def require(path: Path, size: int = 0, usage: Callable[[Path], Any] = shutil.disk_usage) -> None:
    """Check that the disk of a folder has room for ``size`` bytes more.

    Raises:
        StorageFullError: it has not.  OSError: there is no such folder.
    """
    found = usage(path)
    floor = max(FLOOR_BYTES, FLOOR_SHARE * found.total)
    if found.free - size < floor:
        raise StorageFullError(
            f"the disk of {path} has {found.free / 1e9:.1f} GB free, and {floor / 1e9:.1f} GB stay free; "
            "free some space there, or name another folder: jobs_dir",
            retry_after=60,
        )
