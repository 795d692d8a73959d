"""The registry: may it be written, is there room, are modules and weights as they were installed?"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from hub.doctor.finding import Finding, Verdict
from hub.doctor.machine import gigabytes
from hub.errors import ConfigError
from hub.registry import configuration, weights
from hub.registry.local import LocalRegistry
from hub.registry.verify import verify

#: Less free space is a warning; a tenth of it keeps logs and PID files from being written before long.
MIN_FREE = 1 << 30


def look() -> Iterator[Finding]:
    registry = LocalRegistry()
    home = registry.layout.home
    yield _writable(home)
    if home.is_dir():
        yield from _safe(home)
    yield _room(home)
    try:
        configuration.read(registry.layout)
    except ConfigError as error:
        yield Finding("settings", str(error), "broken", "hub config reset sets the defaults again")
    yield from _modules(registry)
    yield _weights(home)


def _writable(home: Path) -> Finding:
    place = _existing(home)
    if os.access(place, os.W_OK | os.X_OK):
        return Finding("HUB_HOME", str(home) if home == place else f"{home} (made when it is needed)")
    advice = f"sudo chown -R {os.getuid()} {place}, or set HUB_HOME to a folder of your own"
    return Finding("HUB_HOME", f"{home} cannot be written by user {os.getuid()}", "broken", advice)


def _safe(home: Path) -> Iterator[Finding]:
    status = home.stat()
    if status.st_uid not in (0, os.getuid()):
        advice = "its owner decides what code your servers run; use a HUB_HOME of your own"
        yield Finding("owner", f"user {status.st_uid} owns {home}", "warning", advice)
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        advice = f"anybody can then change what your servers run: chmod o-w {home}"
        yield Finding("permissions", f"everybody may write to {home}", "warning", advice)


def _room(home: Path) -> Finding:
    free = shutil.disk_usage(_existing(home)).free
    if free >= MIN_FREE:
        return Finding("free space", gigabytes(free))
    verdict: Verdict = "broken" if free < MIN_FREE // 10 else "warning"
    return Finding("free space", gigabytes(free), verdict, "hub clear --weights removes what no module needs")


def _modules(registry: LocalRegistry) -> Iterator[Finding]:
    modules = registry.list()
    if not modules:
        yield Finding("modules", "none installed", "note", "hub search lists those that install by name")
    for module in modules:
        info = module.info
        verdict = verify(module, registry)
        if verdict.problems:
            absent = [name for name in info.weights if weights.lookup(name, registry.layout.home) is None]
            advice = f"hub weights fetch {' '.join(absent)}" if absent else "install it again"
            problems = f"{info.version}: {'; '.join(verdict.problems)}"
            yield Finding(info.name, problems, "broken", f"{advice}; hub verify {info.name} says more")
        else:
            yield Finding(info.name, f"{info.version}, as installed ({verdict.files} files)")


def _weights(home: Path) -> Finding:
    names = weights.names()
    fetched = [name for name in names if weights.lookup(name, home) is not None]
    damaged = [name for name in fetched if weights.verify(name, home)]
    value = f"{len(fetched)} of {len(names)} in the catalogue: {', '.join(fetched) or 'none'}"
    if damaged:
        folders = " ".join(str(weights.lookup(name, home)) for name in damaged)
        advice = f"rm -r {folders}; hub weights fetch {' '.join(damaged)}"
        return Finding("weights", f"{value}; damaged: {', '.join(damaged)}", "broken", advice)
    return Finding("weights", value)


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())
