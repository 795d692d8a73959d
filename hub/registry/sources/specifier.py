"""What the words after ``hub install`` mean: a folder, an archive, an address, or a name.

In this order, and nothing is guessed: what exists on this machine wins over a name; what looks like a path
and does not exist is a mistake, never a question to the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from hub.errors import InvalidModuleError
from hub.registry.sources import bundled
from hub.registry.sources.unpack import SUFFIXES, is_archive
from hub.suggestion import closest

_NAME = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(==(?P<version>[0-9A-Za-z][0-9A-Za-z.+!_-]*))?\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")


@dataclass(frozen=True)
class Folder:
    """A module's folder on this machine."""

    path: Path


@dataclass(frozen=True)
class ArchiveFile:
    """An archive on this machine; ``sha256`` is checked where it is given."""

    path: Path
    sha256: str | None = None


@dataclass(frozen=True)
class Address:
    """An archive on a web server, which must be the one with this SHA-256."""

    url: str
    sha256: str


@dataclass(frozen=True)
class Named:
    """A module by name, of the newest or the given version."""

    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" if self.version else self.name


Source = Folder | ArchiveFile | Address | Named


def parse(given: str, *, sha256: str | None = None) -> Source:
    """What ``given`` means; only looks at the disk.

    Raises:
        InvalidModuleError: a path that is not there, a file that is no archive, an address without a digest.
    """
    if sha256 is not None and not _SHA256.match(sha256):
        raise InvalidModuleError(f"--sha256 takes 64 hexadecimal digits, not {sha256!r}")
    if "://" in given:
        return _address(given, sha256)
    source: Source | None = _here(Path(given).expanduser(), given)
    if source is None:
        named = _NAME.match(given)
        if named is None or _looks_like_a_path(given):
            raise InvalidModuleError(_nowhere(given))
        source = Named(named["name"], named["version"])
    if sha256 is None:
        return source
    if not isinstance(source, ArchiveFile):
        raise InvalidModuleError(f"--sha256 is the digest of an archive, and {given} is none")
    return replace(source, sha256=sha256)


def _address(given: str, sha256: str | None) -> Address:
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https"):
        raise InvalidModuleError(
            f"{given}: only http and https addresses are downloaded; clone a git repository yourself, "
            "then: hub install DIR"
        )
    if not sha256 and parts.fragment.startswith("sha256="):
        sha256 = parts.fragment.removeprefix("sha256=")
    if not sha256 or not _SHA256.match(sha256):
        raise InvalidModuleError(
            f"{given}: a module from the network is only installed if you say which file it must be: "
            "hub install URL --sha256 DIGEST (its publisher says which, or sha256sum of a copy "
            "that you trust)"
        )
    return Address(urlunsplit(parts._replace(fragment="")), sha256)


def _here(path: Path, given: str) -> Folder | ArchiveFile | None:
    if path.is_dir():
        if not (path / "module.py").is_file() and not _looks_like_a_path(given) and _known(given):
            raise InvalidModuleError(
                f"{given} is a folder here, and not a module: it has no module.py. For the module of that "
                "name, run the command in another folder"
            )
        return Folder(path)
    if not path.exists():
        return None
    if not path.is_file() or not is_archive(path):
        raise InvalidModuleError(
            f"{given} is a file, but no archive ({', '.join(SUFFIXES)}); hub install takes the folder or the "
            "archive of a module, like deploy/hubserving/ocr_system/"
        )
    return ArchiveFile(path)


def _known(name: str) -> bool:
    return name.replace("-", "_") in bundled.folders()


def _looks_like_a_path(given: str) -> bool:
    return "/" in given or given.startswith((".", "~")) or given.endswith(SUFFIXES)


def _nowhere(given: str) -> str:
    message = f"{given} does not exist, and is no name of a module (NAME or NAME==VERSION)."
    if _looks_like_a_path(given):
        message = f"{given} does not exist."
    # The documents' path, where there is no checkout, names a bundled module.
    near = closest_here(given) or closest(Path(given).name, bundled.folders(), cutoff=0.8)
    return f"{message} Did you mean: hub install {near}" if near else f"{message} {_EXAMPLES}"


_EXAMPLES = (
    "For example: hub install deploy/hubserving/ocr_system/, or hub install lac (hub search shows all names)"
)


def closest_here(given: str) -> str | None:
    """A module's folder or archive on this machine that may be meant, as one would type it."""
    path = Path(given).expanduser()
    known = {str(folder): f"{folder}/" for folder in _modules_below(path.parent)}
    known |= {str(file): str(file) for file in _archives_below(path.parent)}
    for place in (Path("deploy/hubserving"), Path("modules")):
        known |= {folder.name: f"{folder}/" for folder in _modules_below(place)}
        known |= {str(folder): f"{folder}/" for folder in _modules_below(place)}
    near = closest(str(path), known) or closest(path.name, known)
    return known[near] if near else None


def _modules_below(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (folder for folder in place.iterdir() if (folder / "module.py").is_file())


def _archives_below(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (file for file in place.iterdir() if file.name.endswith(SUFFIXES))
