"""The ceiling of a runner's memory: above it the runner is killed, before the kernel chooses whom to kill.

A limit of address space would not do: engines map files and reserve room that they never use.
"""

from __future__ import annotations

from typing import Final

from hub.serving.process import procfs

#: Between two looks, which cost microseconds.
LOOK_SECONDS: Final = 0.25
#: After one at the proportional set size, for which the kernel holds a runner up for 14 ms.
_WEIGH_SECONDS: Final = 2.0


class MemoryCeiling:
    """Tells when one process has more memory than ``limit_mb``; with None there is no ceiling."""

    def __init__(self, pid: int, limit_mb: int | None) -> None:
        self.limit_mb = limit_mb
        self._pid = pid
        self._next_look = 0.0

    def excess_mb(self, now: float) -> float:
        """Return the process's memory where it is above the limit, else 0.0.

        Pages that it shares with others count in part. They are told apart only where all pages together are
        above the limit.
        """
        if self.limit_mb is None or now < self._next_look:
            return 0.0
        self._next_look = now + LOOK_SECONDS
        if procfs.resident_mb(self._pid) <= self.limit_mb:
            return 0.0
        self._next_look = now + _WEIGH_SECONDS
        memory_mb = procfs.memory_mb(self._pid)
        return memory_mb if memory_mb > self.limit_mb else 0.0
