"""The registry: may it be written, is there room, are modules and weights as they were installed?"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hub.doctor.finding import Finding as AnyFinding
from hub.doctor.finding import Verdict
from hub.errors import ConfigError
from hub.registry import configuration, weights
from hub.registry.local import LocalRegistry
from hub.registry.verify import verify

Finding = partial(AnyFinding, "registry")

#: Less free space is a warning; a tenth of it keeps logs and PID files from being written before long.
MIN_FREE = 1 << 30


def look() -> Iterator[AnyFinding]:
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


def _writable(home: Path) -> AnyFinding:
    place = _existing(home)
    if os.access(place, os.W_OK | os.X_OK):
        return Finding("HUB_HOME", str(home) if home == place else f"{home} (made when it is needed)")
    return Finding(
        "HUB_HOME", f"{home} cannot be written by user {os.getuid()}", "broken",
        f"sudo chown -R {os.getuid()} {place}, or set HUB_HOME to a folder of your own",
    )  # fmt: skip


def _safe(home: Path) -> Iterator[AnyFinding]:
    status = home.stat()
    if status.st_uid not in (0, os.getuid()):
        yield Finding(
            "owner", f"user {status.st_uid} owns {home}", "warning",
            "who owns it decides what code your servers run; use a HUB_HOME of your own",
        )  # fmt: skip
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        yield Finding(
            "permissions", f"everybody may write to {home}", "warning",
            f"anybody can then change what your servers run: chmod o-w {home}",
        )  # fmt: skip


def _room(home: Path) -> AnyFinding:
    free = shutil.disk_usage(_existing(home)).free
    value = f"{free / (1 << 30):.1f} GiB"
    if free >= MIN_FREE:
        return Finding("free space", value)
    verdict: Verdict = "broken" if free < MIN_FREE // 10 else "warning"
    return Finding("free space", value, verdict, "hub clear --weights removes what no module needs")


def _modules(registry: LocalRegistry) -> Iterator[AnyFinding]:
    modules = registry.list()
    if not modules:
        yield Finding("modules", "none installed", "note", "hub search lists those that install by name")
    for module in modules:
        info = module.info
        verdict = verify(module, registry)
        if verdict.problems:
            absent = [name for name in info.weights if weights.lookup(name, registry.layout.home) is None]
            advice = f"hub weights fetch {' '.join(absent)}" if absent else "install it again"
            yield Finding(
                info.name, f"{info.version}: {'; '.join(verdict.problems)}", "broken",
                f"{advice}; hub verify {info.name} says more",
            )  # fmt: skip
        else:
            yield Finding(info.name, f"{info.version}, as installed ({verdict.files} files)")


def _weights(home: Path) -> AnyFinding:
    names = weights.names()
    fetched = [name for name in names if weights.lookup(name, home) is not None]
    damaged = [name for name in fetched if weights.verify(name, home).lines()]
    value = f"{len(fetched)} of {len(names)} in the catalogue: {', '.join(fetched) or 'none'}"
    if damaged:
        folders = " ".join(str(weights.lookup(name, home)) for name in damaged)
        return Finding(
            "weights", f"{value}; damaged: {', '.join(damaged)}", "broken",
            f"rm -r {folders}; hub weights fetch {' '.join(damaged)}",
        )  # fmt: skip
    return Finding("weights", value)


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
