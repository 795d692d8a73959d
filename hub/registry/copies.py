"""Installed copies of bundled modules: which were edited, and which are of an earlier release.

A copy's record has the checksums of its files as they were installed, and says whether those were the bundled
ones. Earlier releases did not record that: ``released.json`` has the checksums of what they brought.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from hub.errors import ModuleNotInstalledError, RegistryError
from hub.registry.local import InstalledModule, LocalRegistry
from hub.registry.sources import bundled
from hub.registry.store import checksums
from hub.registry.store.layout import RECORD

_RELEASED: Final = Path(__file__).with_name("released.json")
#: In a checkout's module folders, and not in the package's.
_TESTS: Final = ("test_*.py", "conftest.py")

Files = Mapping[str, str]


def is_edited(module: InstalledModule) -> bool:
    """Tell whether a copy of a bundled module differs from what a release of HubServing brought."""
    found, record = checksums.of_folder(module.directory), _record(module)
    if record.get("bundled"):
        return found != record.get("files")
    plain = {path: digest for path, digest in found.items() if not _is_test(path)}
    return plain not in _released(module.info.package)


def is_earlier(module: InstalledModule) -> bool:
    """Tell whether a file of a copy is an earlier release's, and another in the bundled module of today."""
    folder = bundled.folders().get(module.info.package)
    if folder is None:
        return False
    today, found, record = checksums.of_folder(folder), checksums.of_folder(module.directory), _record(module)
    earlier = [*_released(module.info.package), *([record["files"]] if record.get("bundled") else [])]
    return any(
        digest == files.get(path) != today.get(path) for path, digest in found.items() for files in earlier
    )


def notes(served: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return a line for each of these modules, name and version, that is an earlier release's copy."""
    found = []
    for name, version in served:
        try:
            module = LocalRegistry().find(name, version)
            if is_earlier(module):
                found.append(_note(module))
        except (ModuleNotInstalledError, RegistryError, OSError):
            continue  # what serves it says so
    return found


def _note(module: InstalledModule) -> str:
    name = module.info.name
    how = f"hub install {name} replaces it"
    if is_edited(module):
        how = f"hub install {name} --force replaces it, and your edits with it"
    return f"{name} is as an earlier HubServing installed it, and the bundled one is newer: {how}"


def _record(module: InstalledModule) -> dict[str, Any]:
    try:
        record = json.loads((module.content / RECORD).read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


@functools.cache
def _all_released() -> dict[str, dict[str, Files]]:
    content: dict[str, dict[str, Files]] = json.loads(_RELEASED.read_bytes())
    return content


def _released(package: str) -> list[Files]:
    """Return the files of a bundled module, as each release had them."""
    return [modules[package] for modules in _all_released().values() if package in modules]


def _is_test(path: str) -> bool:
    return any(fnmatch(Path(path).name, pattern) for pattern in _TESTS)
