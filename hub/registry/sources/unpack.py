"""Unpack a module's archive from a stranger: whole and harmless, or one error and nothing.

A module needs files and folders. So links, devices, absolute paths and paths that lead out are refused
rather than repaired, and so is what grows far beyond its own size while it is unpacked.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hub.errors import InvalidModuleError
from hub.registry.sources.archive import GZIP, Packed, damages_of, members

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
#: On top of an archive that ``hub pack`` made: its manifest, and the folder with the module.
MANIFEST, MODULE_FOLDER = "hub-pack.json", "module"


@dataclass(frozen=True)
class Limits:
    """The size that an archive may grow to.

    Attributes:
        total_bytes: of all that it unpacks to.
        ratio: times its own size; the first ``free_bytes`` are not counted, since text packs well.
        files: members in it.
    """

    total_bytes: int = 8 << 30
    ratio: int = 100
    free_bytes: int = 64 << 20
    files: int = 50_000

    def bytes_for(self, packed_size: int) -> int:
        return min(self.total_bytes, self.free_bytes + self.ratio * packed_size)


def is_archive(path: Path) -> bool:
    """Tell by its content whether a file is of a kind that :func:`unpack` takes."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP
    return is_gzip or zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def unpack(archive: Path, target: Path, *, shown_as: str, limits: Limits | None = None) -> None:
    """Unpack into the empty folder ``target``; messages name ``shown_as``.

    Raises:
        InvalidModuleError: it is not an archive, is damaged, or has members that a module's may not have.
    """
    budget = _Budget(limits or Limits(), archive.stat().st_size, shown_as)
    advice = f"get it again. Archives may be {', '.join(SUFFIXES)}"
    try:
        with damages_of(shown_as, InvalidModuleError, advice):
            for member in members(archive):
                budget.check(member)
                _write(member, target / member.name)
    except (NotImplementedError, RuntimeError) as error:  # zipfile: an unknown method of compression
        raise InvalidModuleError(f"{shown_as} cannot be unpacked: {error}; pack it again as .zip") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InvalidModuleError(
            f"{shown_as} has a file and a folder of the same name in it ({error.filename}); it is refused"
        ) from error


def _write(member: Packed, place: Path) -> None:
    (place if member.is_folder else place.parent).mkdir(parents=True, exist_ok=True)
    if not member.is_folder:
        with member.open() as source, place.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        if member.mode & 0o100:
            place.chmod(0o755)


class _Budget:
    """Counts what is unpacked, and refuses the member that goes too far or leads out."""

    def __init__(self, limits: Limits, packed_size: int, shown_as: str) -> None:
        self._bytes = self._all_bytes = limits.bytes_for(packed_size)
        self._files = self._all_files = limits.files
        self._shown_as = shown_as

    def check(self, member: Packed) -> None:
        name, path = member.name, PurePosixPath(member.name)
        is_top = member.is_folder and name in (".", "./")  # where `tar -C folder .` begins
        if is_top:
            path = PurePosixPath("top")
        if not path.parts or path.is_absolute() or name.startswith("\\") or path.parts[0].endswith(":"):
            raise self._refusal(f"has the absolute or empty path {name!r} in it")
        if ".." in path.parts or "\\" in name or "\0" in name:
            raise self._refusal(f"has the path {name!r} in it, which leads out of the archive")
        if member.flaw:
            raise self._refusal(f"has {name!r} in it{member.flaw}")
        self._files -= 1
        if self._files < 0:
            raise self._refusal(f"has more than {self._all_files} members")
        self._bytes -= member.size
        if member.size < 0 or self._bytes < 0:
            raise self._refusal(
                f"unpacks to more than {self._all_bytes / 1e6:.0f} MB (at {name}), the limit for an archive "
                "of its size (if you trust it, unpack it yourself and install the folder)"
            )

    def _refusal(self, what: str) -> InvalidModuleError:
        return InvalidModuleError(
            f"{self._shown_as} {what}. It is refused, and nothing of it is installed; "
            "a module's archive holds files and folders, by relative paths"
        )


def module_root(folder: Path, *, shown_as: str) -> Path:
    """Return the folder of ``module.py`` in an unpacked archive: on top, or the only folder there.

    Raises:
        InvalidModuleError: it is in neither.
    """
    if (folder / MANIFEST).is_file():
        folder = folder / MODULE_FOLDER
    if (folder / "module.py").is_file():
        return folder
    inner = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(inner) == 1 and (inner[0] / "module.py").is_file():
        return inner[0]
    found = ", ".join(sorted(path.name for path in inner)[:8]) or "nothing"
    raise InvalidModuleError(
        f"{shown_as} is not a module's archive: it has no module.py, on top or in the only folder "
        f"there. On top it has: {found}"
    )
