"""``--watch``: a module that is served from a folder is loaded again when a file of it changes.

The folder is looked at once a second. A change is loaded when nothing more changes from one look to the
next, as ``hub serving reload`` does it: the version that serves goes on until the new one is ready, and where
that does not load, its reason says why.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from hub.errors import HubError
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.supervisor.commands import Commands
from hub.serving.supervisor.control_server import Pending
from hub.serving.supervisor.slots import RELOAD_FAILED

log = logging.getLogger("hub.supervisor")

LOOK_SECONDS: Final = 1.0
#: Files that authors edit; the module itself may write others, such as logs and pictures.
SUFFIXES: Final = (".py", ".json", ".yaml", ".yml", ".toml", ".txt")
_MOST_FILES: Final = 10_000

#: Path below the folder → time of change in nanoseconds, and size in bytes.
Files = Mapping[str, tuple[int, int]]


@dataclass
class _Watched:
    """One folder: its files as they were when the module was loaded, and when they were last looked at."""

    loaded: Files
    looked: Files
    pending: Pending | None = None


class FolderWatch:
    """The folders of a server's modules."""

    def __init__(self, commands: Commands) -> None:
        """Remember the files as they are before anything is loaded."""
        self._commands = commands
        self._watched: dict[str, _Watched] = {}
        self._next_look = 0.0
        self._follow(self._folders())

    def tick(self, now: float) -> None:
        """Look at the folders when it is time, reload what has changed, and log how that ended."""
        for watched in self._watched.values():
            answer = watched.pending() if watched.pending is not None else None
            if answer is not None:
                log.log(logging.INFO if answer.ok else logging.ERROR, "watch: %s", answer.message)
                watched.pending = None
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        folders = self._folders()
        self._follow(folders)
        for name, watched in self._watched.items():
            files = files_of(folders[name])
            is_quiet, watched.looked = files == watched.looked, files
            if is_quiet and files != watched.loaded:
                log.info("%s: %s; loading it again", name, _difference(watched.loaded, files))
                watched.loaded = files
                watched.pending = self._reload(name)

    def _folders(self) -> dict[str, Path]:
        entries = self._commands.config.modules_info.items()
        return {name: Path(entry.directory).resolve() for name, entry in entries if entry.directory}

    def _follow(self, folders: Mapping[str, Path]) -> None:
        """Begin with the folders that are new, and forget those of modules that are not served any more."""
        for name in [name for name in self._watched if name not in folders]:
            del self._watched[name]
        for name in [name for name in folders if name not in self._watched]:
            files = files_of(folders[name])
            self._watched[name] = _Watched(files, files)

    def _reload(self, name: str) -> Pending:
        try:
            return self._commands.do(ControlRequest("reload", name))
        except HubError as error:  # a syntax error, say; what serves goes on
            if name in self._commands.fleets:
                self._commands.fleets[name].reason = f"{RELOAD_FAILED}{error}"
            return partial(ControlAnswer, ok=False, message=f"{name}: {RELOAD_FAILED}{error}")


def files_of(folder: Path) -> Files:
    """Return the files of a module that its author edits; neither hidden ones nor Python's caches."""
    found = {}
    for path in itertools.islice(_paths(folder), _MOST_FILES):
        with contextlib.suppress(OSError):  # an editor replaces it just now
            status = path.stat()
            found[str(path.relative_to(folder))] = (status.st_mtime_ns, status.st_size)
    return found


def _paths(folder: Path) -> Iterator[Path]:
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        for name in names:
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(above, name)


def _difference(before: Files, after: Files) -> str:
    """Say what has changed, by the first file."""
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    more = f" and {len(changed) - 1} more files have" if len(changed) > 1 else " has"
    return f"{changed[0]}{more} changed"
