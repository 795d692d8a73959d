"""A module that was given up, and whether it is worth another try; how runners died and what they said."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hub.serving.messages.death import Death
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.supervisor.child import exit_text
from hub.serving.supervisor.oom import OomWatch
from hub.serving.supervisor.runner_process import RunnerProcess

#: A gateway asks for the cause of a death within seconds of it.
DEATH_SECONDS: Final = 10.0
_MOST_DEATHS: Final = 256
#: Of a module's folder so many files are looked at.
_MOST_FILES: Final = 10_000


@dataclass
class Failure:
    """Why a module is FAILED.

    Attributes:
        files: the module's, as they were when it said that trying again would not help; None where it did not
            say so.
    """

    folder: Path
    files: frozenset[tuple[str, int, int]] | None = None

    @classmethod
    def of(cls, folder: Path, *, is_final: bool) -> Failure:
        return cls(folder, _files(folder) if is_final else None)

    def is_worth_a_try(self) -> bool:
        """Tell whether something may have changed; a final failure is one until the module's files change."""
        return self.files is None or self.files != _files(self.folder)


def _files(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Return name, time of change and size of a folder's files; Python's own caches do not count."""
    found = set()
    with contextlib.suppress(OSError):  # somebody is changing it just now
        for path in itertools.islice(folder.rglob("*"), _MOST_FILES):
            if "__pycache__" not in path.parts:
                status = path.stat()
                found.add((str(path), status.st_mtime_ns, status.st_size))
    return frozenset(found)


class DeathNotes:
    """The deaths of a module's runners in the last seconds, and their causes."""

    def __init__(self, oom: OomWatch) -> None:
        self._oom = oom
        self._notes: list[tuple[float, Death]] = []

    @property
    def recent(self) -> tuple[Death, ...]:
        return tuple(death for _, death in self._notes)

    def look(self, now: float) -> None:
        """Look what the OOM killer does; to be called often."""
        self._oom.look(now)

    def bury(self, runner: RunnerProcess, now: float) -> int:
        """Close a runner that has exited, note its death and return its exit code."""
        code = runner.close()
        cause = runner.cause(code, has_oom_struck=self._oom.has_struck(now))
        young = [note for note in self._notes if now - note[0] <= DEATH_SECONDS]
        # Not ``now``, which was before: a request may have been sent to it since.
        self._notes = [*young[1 - _MOST_DEATHS :], (now, Death(runner.pid, cause, time.monotonic()))]
        return code


def last_words(runner: RunnerProcess, code: int) -> RunnerStatus:
    """Return what a runner that did not load its module said of it, or how it ended."""
    said = runner.answer or RunnerStatus(ready=False)
    return said if said.reason else replace(said, reason=f"its runner died while loading ({exit_text(code)})")
