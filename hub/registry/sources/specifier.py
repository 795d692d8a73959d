"""The meaning of the words after ``hub install``: a folder, an archive, an address, or a name.

In this order, and nothing is guessed: what exists on this machine wins over a name; what looks like a path
and does not exist is a mistake, never a question to the network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from hub.errors import InvalidModuleError
from hub.registry.sources import bundled
from hub.registry.sources.unpack import SUFFIXES, is_archive
from hub.suggestion import closest

_NAME = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(==(?P<version>[0-9A-Za-z][0-9A-Za-z.+!_-]*))?\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")


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

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" if self.version else self.name


#: A path is that of a module's folder or archive on this machine.
Source = Path | Address | Named


def parse(given: str, *, sha256: str | None = None) -> Source:
    """Tell what ``given`` means; this only looks at the disk.

    Args:
        given: a folder, an archive, an address or a name.
        sha256: what the archive or address must be. It comes with an address; who reads an archive checks it.

    Raises:
        InvalidModuleError: a path that does not exist, not an archive, or an address without a checksum.
    """
    if sha256 is not None and not _SHA256.match(sha256):
        raise InvalidModuleError(f"--sha256 takes 64 hexadecimal digits, not {sha256!r}")
    if "://" in given:
        return _address(given, sha256)
    path = Path(given).expanduser()
    source: Source = path
    if path.exists():
        _check_local(path, given)
    else:
        named = _NAME.match(given)
        if named is None or _looks_like_a_path(given):
            raise InvalidModuleError(_not_found_message(given))
        source = Named(named["name"], named["version"])
    if sha256 is not None and not (isinstance(source, Path) and source.is_file()):
        raise InvalidModuleError(f"--sha256 is the checksum of an archive, and {given} is not one")
    return source


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
            f"{given}: a module from the network needs the checksum of the file that you expect: "
            "hub install URL --sha256 DIGEST (from its publisher, or sha256sum of a copy that you trust)"
        )
    return Address(urlunsplit(parts._replace(fragment="")), sha256)


def _check_local(path: Path, given: str) -> None:
    if path.is_dir():
        is_name = not _looks_like_a_path(given) and given.replace("-", "_") in bundled.folders()
        if is_name and not (path / "module.py").is_file():
            raise InvalidModuleError(
                f"{given} is a folder here, and not a module: it has no module.py. For the module of that "
                "name, run the command in another folder"
            )
    elif not path.is_file() or not is_archive(path):
        raise InvalidModuleError(
            f"{given} is a file, but not an archive ({', '.join(SUFFIXES)}); hub install takes the folder or "
            "the archive of a module, like deploy/hubserving/ocr_system/"
        )


def _looks_like_a_path(given: str) -> bool:
    return "/" in given or given.startswith((".", "~")) or given.endswith(SUFFIXES)


def _not_found_message(given: str) -> str:
    is_name = "" if _looks_like_a_path(given) else ", and is not a module's name (NAME or NAME==VERSION)"
    message = f"{given} does not exist{is_name}."
    # The documents' path, where there is no checkout, names a bundled module.
    near = closest_here(given) or closest(Path(given).name, bundled.folders(), cutoff=0.8)
    if near:
        return f"{message} Did you mean: hub install {near}"
    examples = "hub install deploy/hubserving/ocr_system/, or hub install lac (hub search shows all names)"
    return f"{message} For example: {examples}"


def closest_here(given: str) -> str | None:
    """Return a module's folder or archive on this machine that may be meant, as one would type it."""
    path = Path(given).expanduser()
    known = {}
    for place in (path.parent, Path("deploy/hubserving"), Path("modules")):
        for found in place.iterdir() if place.is_dir() else ():
            if (found / "module.py").is_file():
                known[str(found)] = f"{found}/"
                if place != path.parent:
                    known[found.name] = f"{found}/"
            elif found.name.endswith(SUFFIXES) and place == path.parent:
                known[str(found)] = str(found)
    near = closest(str(path), known) or closest(path.name, known)
    return known[near] if near else None
