"""Folders to work in: below the home, private to one process, gone when it is done.

They are in ``$HUB_HOME/tmp``, so that a module that is unpacked there is on the registry's disk. Each is
locked by its process; the kernel drops that lock when the process ends, and the next one sweeps it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.registry.store.layout import Layout
from hub.registry.store.locks import flocked
from hub.registry.store.transaction import write_error

#: The file in a working folder that its process has locked.
_LOCK = ".lock"
#: Between being made and being locked a folder looks abandoned.
_JUST_MADE_SECONDS = 60.0

#: Makes a new empty folder with the given name in it, each time that it is called.
NewFolder = Callable[[str], Path]


@contextmanager
def workspace(layout: Layout) -> Iterator[NewFolder]:
    """Give out folders that are removed at the end; nothing is made before the first is asked for.

    Raises:
        RegistryError: the disk is full or may not be written, also by what is done inside.
    """
    with contextlib.ExitStack() as stack:
        bases: list[Path] = []

        def new_folder(name: str) -> Path:
            if not bases:
                bases.append(stack.enter_context(_base(layout)))
            folder = Path(tempfile.mkdtemp(prefix="", dir=bases[0])) / name
            folder.mkdir()
            return folder

        try:
            yield new_folder
        except OSError as error:
            raise write_error(layout, error) from error


@contextmanager
def _base(layout: Layout) -> Iterator[Path]:
    layout.tmp.mkdir(parents=True, exist_ok=True)
    for stale in abandoned(layout):
        shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="work-", dir=layout.tmp))
    (folder / _LOCK).touch()
    with flocked(folder / _LOCK):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def abandoned(layout: Layout) -> list[Path]:
    """List the working folders whose process was killed."""
    found = []
    for folder in layout.tmp.glob("work-*"):
        with contextlib.suppress(OSError):  # locked, or another process has removed it
            if time.time() - folder.stat().st_mtime >= _JUST_MADE_SECONDS:
                if (folder / _LOCK).exists():
                    with flocked(folder / _LOCK):
                        found.append(folder)
                else:  # killed before it was locked
                    found.append(folder)
    return found
