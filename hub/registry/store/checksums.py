"""SHA-256 of a module's files: recorded when it is installed, compared by ``hub verify``.

Standard library only, and nothing is imported from the module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.errors import ChecksumError, RegistryError

#: Bytecode belongs to the place it was compiled in; the others are not part of a module.
NOT_PART_OF_A_MODULE = frozenset({"__pycache__", ".git", ".hg", ".svn"})


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def expect(path: Path, sha256: str, *, shown_as: str) -> None:
    """Refuse a file that has another SHA-256.

    Raises:
        ChecksumError: it has.
        RegistryError: it cannot be read.
    """
    try:
        found = of_file(path)
    except OSError as error:
        raise RegistryError(f"{shown_as} cannot be read: {error}") from error
    if found != sha256.lower():
        raise ChecksumError(
            f"{shown_as} is not the file that was expected: its SHA-256 is {found}, should be "
            f"{sha256.lower()}. Nothing of it is installed or kept; ask its publisher which is right"
        )


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
