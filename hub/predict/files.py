"""From the words of a command line to files, and from a file to a module's argument."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hub import text_file
from hub.errors import ConfigError, InvalidInputError, UsageError
from hub.module.arguments import SINGLE, FileKind

#: A folder stands for its files with these endings; a file that is named itself may have any.
SUFFIXES: dict[FileKind, tuple[str, ...]] = {
    "image": (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".jp2"),
    "text": (".txt",),
    "path": (),
}


def expand(words: Iterable[str], kind: FileKind) -> list[str]:
    """Return files in the order of the words; of a folder and a pattern sorted by name; each file once.

    A pattern's ``**`` goes through folders; a folder's own folders are not searched. A name of which there is
    no file stays in the list, so that it is reported in its place.

    Raises:
        UsageError: a folder or pattern with no file.
    """
    return list(dict.fromkeys(name for word in words for name in _matches(word, kind)))


def value(path: str, argument: str, kind: FileKind) -> Any:
    """Return what is passed as ``argument`` for one file: the file itself, its path, or its lines.

    Raises:
        InvalidInputError: a text cannot be read, or has more lines than the argument takes.
    """
    if kind == "text":
        lines = _lines(path)
        if argument not in SINGLE:
            return lines
        if len(lines) != 1:
            raise InvalidInputError(f"{path} has {len(lines)} lines, and {argument} takes one text")
        return lines[0]
    one: Any = Path(path) if kind == "image" else str(Path(path).absolute())
    return one if argument in SINGLE else [one]


def _matches(word: str, kind: FileKind) -> Iterator[str]:
    place = Path(word).expanduser()
    if place.is_dir():
        endings = SUFFIXES[kind]
        found = sorted(
            str(entry)
            for entry in place.iterdir()
            if entry.is_file()
            and not entry.name.startswith(".")
            and (not endings or entry.suffix.lower() in endings)
        )
        if not found:
            ending = f" that ends in {' '.join(endings)}" if endings else ""
            raise UsageError(f"the folder {word} has no file{ending}; name files themselves, or a pattern")
        yield from found
    elif not place.exists() and glob.has_magic(word):
        # Path.glob would give hidden files, too.
        matches = glob.iglob(str(place), recursive=True)  # noqa: PTH207
        found = sorted(name for name in matches if Path(name).is_file())
        if not found:
            raise UsageError(f"no file matches {word}")
        yield from found
    else:
        yield str(place)


def _lines(path: str) -> list[str]:
    try:
        text = text_file.read(path, "the file of texts")
    except ConfigError as error:
        raise InvalidInputError(str(error)) from error
    return [line for line in text.splitlines() if line.strip()]
