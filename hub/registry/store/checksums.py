"""SHA-256 of a module's files: recorded when it is installed, compared by ``hub verify``.

Standard library only, and nothing is imported from the module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Bytecode belongs to the place it was compiled in; the others are no part of a module.
NOT_PART_OF_A_MODULE = frozenset({"__pycache__", ".git", ".hg", ".svn"})


@dataclass(frozen=True)
class Differences:
    """How a folder differs from what was recorded of it: paths relative to it, sorted."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.added)

    def lines(self) -> list[str]:
        """One line a file, for people."""
        groups = (("changed", self.changed), ("missing", self.missing), ("added", self.added))
        return [f"{what}: {path}" for what, paths in groups for path in paths]


def of_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_folder(folder: Path) -> dict[str, str]:
    """Path relative to ``folder`` → SHA-256, of every file that belongs to the module."""
    return {path.relative_to(folder).as_posix(): of_file(path) for path in files_of(folder)}


def files_of(folder: Path) -> Iterator[Path]:
    """Every file below a module's folder, in order."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_PART_OF_A_MODULE:
            continue
        if path.is_dir():
            yield from files_of(path)
        else:
            yield path


def compare(recorded: Mapping[str, str], found: Mapping[str, str]) -> Differences:
    """How ``found`` differs from ``recorded``."""
    both = recorded.keys() & found.keys()
    return Differences(
        changed=tuple(sorted(path for path in both if recorded[path] != found[path])),
        missing=tuple(sorted(recorded.keys() - found.keys())),
        added=tuple(sorted(found.keys() - recorded.keys())),
    )
