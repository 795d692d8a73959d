"""From the words of a command line to files, and from a file to a module's argument."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub import text_file
from hub.errors import ConfigError, InvalidInputError, UsageError
from hub.module.arguments import SINGLE, FileKind
from hub.pictures.kinds import PDF, Kind, recognised

#: A folder stands for its files with these endings; a file that is named itself may have any. A picture is
#: known by its content, too.
SUFFIXES: dict[FileKind, tuple[str, ...]] = {
    "image": (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".jp2"),
    "text": (".txt",),
    "path": (),
}
#: As many bytes as tell a format.
_HEAD_BYTES: Final = 4096


@dataclass
class Found:
    """The files of a command line.

    Attributes:
        names: files, each once.
        skipped: what else was in the folders, by kind.
        documents: PDFs are taken from folders, too.
        recursive: folders in folders are searched.
    """

    kind: FileKind
    documents: bool = False
    recursive: bool = False
    names: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def left_out(self) -> str:
        """Say by kind and number what else there was; "" for nothing."""
        parts = [f"{count} {kind}" for kind, count in sorted(self.skipped.items())]
        return f"skipped {self.skipped.total()}: {', '.join(parts)}" if parts else ""

    def matches(self, entry: Path) -> bool:
        """Tell whether a file of a folder is for the module; count it where it is not."""
        endings = SUFFIXES[self.kind]
        if not endings or entry.suffix.lower() in endings:
            return True
        kind = format_of(entry)
        if self.kind == "image" and (kind.is_picture or (self.documents and kind == PDF)):
            return True
        self.skipped[kind.name or f"{entry.suffix.lower() or 'unknown'} file"] += 1
        return False


def expand(
    words: Iterable[str], kind: FileKind, *, documents: bool = False, recursive: bool = False
) -> Found:
    """Return files in the order of the words; of a folder and a pattern sorted by name; each file once.

    A pattern's ``**`` goes through folders. A name of which there is no file stays in the list, so that it is
    reported in its place.

    Args:
        words: files, folders and patterns.
        kind: what of a file the module takes.
        documents: it takes PDFs.
        recursive: a folder's own folders are searched, too.

    Raises:
        UsageError: a folder or pattern with no file for it.
    """
    found = Found(kind, documents, recursive)
    found.names = list(dict.fromkeys(name for word in words for name in _matches(word, found)))
    return found


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


def format_of(path: Path) -> Kind:
    """Return the format of a file; of one that cannot be read, that of no bytes."""
    try:
        with path.open("rb") as file:
            return recognised(file.read(_HEAD_BYTES))
    except OSError:
        return recognised(b"")


def _matches(word: str, found: Found) -> Iterator[str]:
    place = Path(word).expanduser()
    if place.is_dir():
        names = [str(entry) for entry in _inside(place, found) if found.matches(entry)]
        if not names:
            raise UsageError(_nothing(word, found))
        yield from names
    elif not place.exists() and glob.has_magic(word):
        # Path.glob would give hidden files, too.
        matches = glob.iglob(str(place), recursive=True)  # noqa: PTH207
        names = sorted(name for name in matches if Path(name).is_file())
        if not names:
            raise UsageError(f"no file matches {word}")
        yield from names
    else:
        yield str(place)


def _inside(folder: Path, found: Found) -> Iterator[Path]:
    """Yield the files of a folder that are not hidden, sorted by name."""
    try:
        entries = sorted(folder.iterdir(), key=str)
    except OSError:
        found.skipped["folder that cannot be read"] += 1
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_file():
            yield entry
        elif not entry.is_dir():
            found.skipped["broken link" if entry.is_symlink() else "pipe, socket or device"] += 1
        elif not found.recursive:
            found.skipped["folder (--recursive searches it)"] += 1
        elif entry.is_symlink():  # it may lead back
            found.skipped["link to a folder"] += 1
        else:
            yield from _inside(entry, found)


def _nothing(word: str, found: Found) -> str:
    endings = SUFFIXES[found.kind]
    ending = f" that ends in {' '.join(endings)}" if endings else ""
    other = " and no other picture" + " or PDF" * found.documents if found.kind == "image" else ""
    skipped = f" ({found.left_out})" if found.left_out else ""
    return f"the folder {word} has no file{ending}{other}{skipped}; name files themselves, or a pattern"


def _lines(path: str) -> list[str]:
    try:
        text = text_file.read(path, "the file of texts")
    except ConfigError as error:
        raise InvalidInputError(str(error)) from error
    return [line for line in text.splitlines() if line.strip()]
