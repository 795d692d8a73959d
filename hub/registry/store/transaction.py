"""How a module's files appear and disappear: always whole, whatever kills us in between.

Every installation gets a content folder of its own, which nobody sees until the symlink
``modules/<package>/<version>`` is swapped to it by one ``os.replace``. So a reader finds the old
module or the new one, and Python never meets bytecode of another installation. Everything under
``content/`` to which no symlink leads is a leftover (of a kill, a rollback, a replacement or an
uninstall) and is swept by the next change, except what a running server holds.

Changes of one module exclude each other by a file lock, which the kernel drops with its process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import shutil
import sys
from pathlib import Path
from types import TracebackType

from hub import atomic_file
from hub.errors import InvalidModuleError, RegistryError
from hub.module.info import ModuleInfo
from hub.registry.progress import Progress
from hub.registry.store.checksums import NOT_PART_OF_A_MODULE, of_folder
from hub.registry.store.layout import HOLD, INTERPRETER, RECORD, Layout
from hub.registry.store.locks import flocked, locked, share

log = logging.getLogger("hub.registry")


def hold(content: Path) -> int:
    """Keep a content folder on disk until the returned descriptor is closed (or its process ends).

    Raises:
        FileNotFoundError: the folder has been removed; find the module again.
    """
    descriptor = share(content / HOLD)
    try:
        # Between open and lock a sweeper may have moved it away: then the path is gone or another's.
        if not os.path.samestat(os.fstat(descriptor), (content / HOLD).stat()):
            raise FileNotFoundError(content)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class Transaction:
    """One change of one module's installed versions, under that module's lock.

    Leaving it sweeps: after a failure that is the rollback, after success it removes what was replaced.
    """

    def __init__(self, layout: Layout, package: str, progress: Progress) -> None:
        self._layout = layout
        self._package = package
        self._links = layout.modules / package
        self._contents = layout.content / package
        self._progress = progress
        self._lock = contextlib.ExitStack()

    def __enter__(self) -> Transaction:
        lock = locked(self._layout.lock(self._package), subject=self._package, progress=self._progress)
        try:
            self._lock.enter_context(lock)
        except OSError as error:
            raise write_error(self._layout, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._lock:
                sweep(self._layout, self._package)
            sweep_others(self._layout, self._package)
        except OSError as failure:  # the change itself is done or rolled back already
            log.warning("leftovers in %s could not be removed: %s", self._layout.content, failure)
        if isinstance(error, OSError):
            raise write_error(self._layout, error) from error

    def stage(
        self, source: Path, info: ModuleInfo, *, origin: str, isolated: bool = False, bundled: bool = False
    ) -> Path:
        """Copy a module's folder into a new content folder and describe it there."""
        if info.package == "hub" or info.package in sys.stdlib_module_names:
            raise InvalidModuleError(
                f"{source}: the name {info.name!r} would hide Python's own package {info.package!r} "
                "while the module is loaded; choose another name in @moduleinfo"
            )
        content = self._contents / f"{info.version}-{secrets.token_hex(4)}"
        content.mkdir(parents=True)
        (content / HOLD).touch()
        _copy_tree(source, content / info.package, leave_out=self._layout.home)
        files = of_folder(content / info.package)
        interpreter = {"interpreter": INTERPRETER} if isolated else {}
        from_us = {"bundled": True} if bundled else {}
        record = {
            "format": 1,
            "info": info.as_dict(),
            "source": origin,
            **interpreter,
            **from_us,
            "files": files,
        }
        text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
        atomic_file.write(content / RECORD, text, durable=True)
        return content

    def publish(self, content: Path, version: str) -> None:
        """Let the version's symlink lead to ``content``, in one step."""
        self._links.mkdir(parents=True, exist_ok=True)
        link, fresh = self._links / version, self._links / f".new-{secrets.token_hex(4)}"
        fresh.symlink_to(os.path.relpath(content, self._links))
        try:
            fresh.replace(link)
        except IsADirectoryError as error:
            raise RegistryError(
                f"{link} is a folder that hub install did not make; move it away and install again"
            ) from error

    def withdraw(self, version: str) -> None:
        """Remove a version's symlink; its files follow when nothing uses them."""
        (self._links / version).unlink()


def sweep(layout: Layout, package: str) -> None:
    """Remove one module's leftovers. The caller has the module's lock."""
    links, contents = layout.modules / package, layout.content / package
    for stale in links.glob(".new-*"):
        stale.unlink(missing_ok=True)
    # Not by glob, which passes over a folder that may not be read.
    in_use = {link.resolve() for link in links.iterdir()} if links.is_dir() else set()
    for folder in contents.glob("*"):
        if folder.resolve() not in in_use:
            _remove_unless_held(folder)
    for empty in (links, contents):
        with contextlib.suppress(OSError):  # it is not there, or not empty
            empty.rmdir()


def sweep_others(layout: Layout, package: str) -> None:
    """Remove the leftovers of every module that nobody is changing right now."""
    from filelock import FileLock, Timeout

    for other in layout.content.glob("*"):
        if other.name != package:
            with contextlib.suppress(Timeout, OSError), FileLock(layout.lock(other.name), timeout=0):
                sweep(layout, other.name)


def _remove_unless_held(folder: Path) -> None:
    trash = folder.with_name(f".trash-{secrets.token_hex(4)}")
    try:
        with flocked(folder / HOLD):
            # Moved away first: who waits for the lock must not find half a folder at its old place.
            folder.rename(trash)
    except FileNotFoundError:  # killed before it was made, so no server can hold it
        trash = folder
    except BlockingIOError:
        log.debug("%s is kept: a server uses it", folder)
        return
    shutil.rmtree(trash, ignore_errors=True)


def _copy_tree(source: Path, target: Path, *, leave_out: Path, above: tuple[str, ...] = ()) -> None:
    """Copy a folder with what its symlinks lead to, so that the copy stands alone."""
    above = (*above, os.path.realpath(source))
    target.mkdir()
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        here = Path(entry.path)
        if entry.name in NOT_PART_OF_A_MODULE or here.absolute() == leave_out:
            continue
        if not entry.is_dir():
            if not entry.is_file():
                raise InvalidModuleError(f"{here} is neither a file nor a folder, or a symlink to nothing")
            shutil.copyfile(here, copy := target / entry.name)
            if os.access(here, os.X_OK):
                copy.chmod(copy.stat().st_mode | 0o111)
            with copy.open("rb") as file:  # on the disk before a symlink leads to it: a power cut may come
                os.fsync(file.fileno())
        elif os.path.realpath(here) in above:
            raise InvalidModuleError(
                f"{here} is a symlink to a folder around it; a module cannot hold itself"
            )
        else:
            _copy_tree(here, target / entry.name, leave_out=leave_out, above=above)


def write_error(layout: Layout, error: OSError) -> RegistryError:
    """Return the error for a disk that refuses: full, read-only, not ours."""
    return RegistryError(
        f"the registry {layout.home} could not be changed: {error}. Nothing is half installed or half "
        "removed; check the permissions and the free space, or choose another place with HUB_HOME"
    )
