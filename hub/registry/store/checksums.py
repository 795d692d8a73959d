"""SHA-256 of a module's files: recorded when it is installed, compared by ``hub verify``.

Standard library only, and nothing is imported from the module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

#: Bytecode belongs to the place it was compiled in; the others are not part of a module.
NOT_PART_OF_A_MODULE = frozenset({"__pycache__", ".git", ".hg", ".svn"})


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_folder(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a module by its path relative to ``folder``."""
    return {path.relative_to(folder).as_posix(): of_file(path) for path in files_of(folder)}


def files_of(folder: Path) -> Iterator[Path]:
    """Yield every file below a module's folder, in order."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_PART_OF_A_MODULE:
            continue
        if path.is_dir():
            yield from files_of(path)
        else:
            yield path


def compare(recorded: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return a line for each file in which ``found`` differs from ``recorded``; none if they are equal."""
    both = recorded.keys() & found.keys()
    groups = {
        "changed": [path for path in both if recorded[path] != found[path]],
        "missing": recorded.keys() - found.keys(),
        "added": found.keys() - recorded.keys(),
    }
    return [f"{what}: {path}" for what, paths in groups.items() for path in sorted(paths)]
