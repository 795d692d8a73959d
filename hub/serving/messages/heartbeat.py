"""A runner's sign of life: a little shared memory with one slot per runner thread.

    slot := f64 busy since (0.0 while idle) · f64 last tick · f64 requests served

Times are ``time.monotonic``, the same for all processes of a machine. The runner's threads write their own
slot, the supervisor only reads; eight aligned bytes are written at once, so there is nothing to lock and
nothing that a killed process could leave locked. It is a file without a name: no full disk and nobody who
cleans folders takes it away.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from dataclasses import dataclass

_SLOT = struct.Struct("=ddd")
_TIMES = struct.Struct("=dd")
_COUNT = struct.Struct("=d")
#: The memory is made before the runner knows how many threads it will have.
MAX_SLOTS = 256
_SIZE = MAX_SLOTS * _SLOT.size


@dataclass(frozen=True)
class Beat:
    """One slot as read: ``busy_since`` is None while the thread waits for work."""

    busy_since: float | None
    tick: float
    served: int


class Heartbeat:
    """The mapped memory; made by the supervisor, mapped by both."""

    def __init__(self, descriptor: int, slots: int) -> None:
        """Map what ``create`` made; the descriptor is not needed any more then."""
        self.slots = min(slots, MAX_SLOTS)
        self._map = mmap.mmap(descriptor, _SIZE)

    @staticmethod
    def create() -> int:
        """Return the descriptor of new memory, all idle; raises OSError where there is none left."""
        descriptor = os.memfd_create("heartbeat")
        try:
            os.posix_fallocate(descriptor, 0, _SIZE)  # else a write might find no memory, which kills
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def idle(self, slot: int) -> None:
        _TIMES.pack_into(self._map, slot * _SLOT.size, 0.0, time.monotonic())

    def busy(self, slot: int) -> None:
        now = time.monotonic()
        _TIMES.pack_into(self._map, slot * _SLOT.size, now, now)

    def served(self, slot: int, requests: int) -> None:
        offset = slot * _SLOT.size + _TIMES.size
        (before,) = _COUNT.unpack_from(self._map, offset)
        _COUNT.pack_into(self._map, offset, before + requests)

    def read(self) -> list[Beat]:
        beats = []
        for slot in range(self.slots):
            busy_since, tick, served = _SLOT.unpack_from(self._map, slot * _SLOT.size)
            beats.append(Beat(busy_since or None, tick, int(served)))
        return beats

    def close(self) -> None:
        self._map.close()


def hung(
    beats: list[Beat], now: float, hang_timeout: float, idle_timeout: float, since: float = 0.0
) -> str | None:
    """Return why a ready runner counts as hung, or None. Pure: the clock is passed in.

    An idle thread that does not tick proves nothing while another one is busy: a call that holds Python's
    lock stops them all, and ``hang_timeout`` is what such a call may take.

    Args:
        beats: one for each thread.
        now: ``time.monotonic()``.
        hang_timeout: seconds that a batch may take.
        idle_timeout: seconds that an idle thread may be silent.
        since: when the machine, or who looks, last went on after a pause; nothing before it counts.
    """
    busy = [beat.busy_since for beat in beats if beat.busy_since is not None]
    if busy:
        longest = now - max(min(busy), since)
        return f"busy with one batch for {longest:.0f} s" if longest > hang_timeout else None
    silent = max((now - max(beat.tick, since) for beat in beats if beat.tick), default=0.0)
    return f"idle without a sign of life for {silent:.0f} s" if silent > idle_timeout else None
