"""The kernel's OOM killer: it counts its victims, and by that a SIGKILL of its is told from one of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub import container

VMSTAT: Final = Path("/proc/vmstat")
#: In a control group's folder; by version 2 and by version 1.
_GROUP_FILES: Final = ("memory.events", "memory.oom_control")
#: How often the counters are read at most.
LOOK_SECONDS: Final = 0.2
#: A process with much memory may take so long to end after it was chosen.
DYING_SECONDS: Final = 10.0


class OomWatch:
    """Looks at the counters again and again, so that it knows when one grew."""

    def __init__(self) -> None:
        self._files = [VMSTAT, *_group_files()]
        self._seen = self._count()
        self._looked = 0.0
        self._grew: float | None = None

    def look(self, now: float) -> None:
        if now - self._looked < LOOK_SECONDS:
            return
        self._note(now)

    def has_struck(self, now: float) -> bool:
        """Tell whether it has killed a process a moment ago: ours, for all that anybody can tell."""
        self._note(now)
        return self._grew is not None and now - self._grew <= DYING_SECONDS

    def _note(self, now: float) -> None:
        self._looked = now
        seen = self._count()
        if any(seen[path] > self._seen.get(path, 0) for path in seen):
            self._grew = now
        self._seen = seen

    def _count(self) -> dict[Path, int]:
        return {path: _victims(container.read(path)) for path in self._files}


def _victims(text: str) -> int:
    for line in text.splitlines():
        name, _, number = line.partition(" ")
        if name == "oom_kill" and number.strip().isdecimal():
            return int(number)
    return 0


def _group_files() -> Iterator[Path]:
    for folder in container.groups("memory"):
        yield from (folder / name for name in _GROUP_FILES if (folder / name).is_file())
