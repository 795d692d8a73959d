"""``hub clear``: remove what nothing needs, and say how much that was.

Always: working folders of killed processes, half-fetched weights, contents of modules that were replaced or
uninstalled. Only if asked to: weights that no installed module names, since a script may name them, and
without a network they do not come back. Files that a running process holds stay.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from hub.registry import weights
from hub.registry.local import LocalRegistry
from hub.registry.store.layout import Layout
from hub.registry.store.transaction import sweep_others, write_error
from hub.registry.store.workspace import abandoned

#: An installation fetches weights a moment before its module appears.
_JUST_FETCHED_SECONDS = 600.0


@dataclass(frozen=True)
class Cleared:
    """The files that were removed, and the weights that could be.

    Attributes:
        files, size: number of files removed, and their bytes.
        unused_weights: names (or digests) of weights that no module names and that are still there.
        unused_size: their bytes.
    """

    files: int
    size: int
    unused_weights: tuple[str, ...]
    unused_size: int


def clear(registry: LocalRegistry, *, unused_weights: bool = False) -> Cleared:
    """Remove leftovers, and with ``unused_weights`` those as well.

    Raises:
        RegistryError: something may not be removed.
    """
    layout = registry.layout
    folders = (layout.content, layout.tmp, layout.weights)
    files_before, size_before = _measure(*folders)
    unused = dict(_unused(registry))
    try:
        for folder in (*abandoned(layout), *_half_fetched(layout)):
            shutil.rmtree(folder)
        sweep_others(layout, package="")
        if unused_weights:
            for folder in unused.values():
                shutil.rmtree(folder)
            unused = {}
    except OSError as error:
        raise write_error(layout, error) from error
    files, size = _measure(*folders)
    return Cleared(files_before - files, size_before - size, tuple(unused), _measure(*unused.values())[1])


def _unused(registry: LocalRegistry) -> Iterator[tuple[str, Path]]:
    """List weights that no installed module names and no process uses, by the catalogue's name or digest."""
    layout, known = registry.layout, weights.catalogue()
    needed = {
        known[name].digest for module in registry.list() for name in module.info.weights if name in known
    }
    names = {entry.digest: name for name, entry in known.items()}
    if layout.weights.is_dir():
        for folder in sorted(layout.weights.iterdir()):
            old = time.time() - folder.stat().st_mtime > _JUST_FETCHED_SECONDS
            is_named = folder.name.startswith(".") or folder.name in needed
            if old and not is_named and not weights.is_held(folder):
                yield names.get(folder.name, folder.name), folder


def _half_fetched(layout: Layout) -> Iterator[Path]:
    """List what killed fetches have left; one that goes on has its archive's lock."""
    from filelock import FileLock, Timeout

    for folder in layout.weights.glob(".staging-*"):
        name = folder.name.removeprefix(".staging-").rpartition("-")[0]
        with contextlib.suppress(Timeout), FileLock(layout.lock(f"weights-{name}"), timeout=0):
            yield folder


def _measure(*folders: Path) -> tuple[int, int]:
    """Count the files below the folders, and their bytes, without those that vanish meanwhile."""
    files = size = 0
    for path in chain.from_iterable(folder.rglob("*") for folder in folders):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                files, size = files + 1, size + path.stat().st_size
    return files, size
