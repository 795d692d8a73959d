"""Points in time that a clock which somebody sets cannot move: ages are never negative, and never jump."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from hub.serving.messages.message import Message
from hub.serving.process import procfs


@dataclass(frozen=True)
class Moment(Message):
    """A point in time.

    Attributes:
        wall: seconds since 1970, as the clock said; it may have been wrong.
        uptime: seconds that the machine had run for, also asleep.
        boot_id: tells which start of the machine those count from.
    """

    wall: float
    uptime: float
    boot_id: str

    @classmethod
    def now(cls) -> Self:
        return cls(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), procfs.boot_id())

    def age(self, now: Moment) -> float:
        """Return the seconds from here to ``now``; the clock counts only where the machine was restarted."""
        if self.boot_id == now.boot_id:
            return max(0.0, now.uptime - self.uptime)
        return max(0.0, now.wall - self.wall)

    def text(self) -> str:
        """Return it in ISO 8601."""
        try:
            return datetime.fromtimestamp(self.wall, UTC).isoformat(timespec="milliseconds")
        except (ValueError, OverflowError, OSError):
            return ""
