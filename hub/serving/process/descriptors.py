"""How many files and connections a process may have open."""

from __future__ import annotations

import contextlib
import resource


def raise_limit() -> None:
    """Raise the soft limit to the hard one, for this process and for those that it starts.

    The usual soft limit of 1024 is for programs that use ``select``; a server's connections are as many.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # above what the kernel allows
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
