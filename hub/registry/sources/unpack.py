"""Unpack a module's archive from a stranger: whole and harmless, or one error and nothing.

A module needs files and folders. So links, devices, absolute paths and paths that lead out are refused
rather than repaired (``tarfile``'s ``data`` filter looks at every member of a tar file as well), and so is
what grows far beyond its own size while it is unpacked.
"""

from __future__ import annotations

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from hub.errors import InvalidModuleError

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
#: On top of an archive that ``hub pack`` made: its manifest, and the folder with the module.
MANIFEST, MODULE_FOLDER = "hub-pack.json", "module"

#: No single read of a well-made archive is larger; a header that claims more would fill the memory.
_LARGEST_READ = 16 << 20
_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"


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
        is_gzip = file.read(2) == _GZIP
    return is_gzip or zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def unpack(archive: Path, target: Path, *, shown_as: str, limits: Limits | None = None) -> None:
    """Unpack into the empty folder ``target``; messages name ``shown_as``.

    Raises:
        InvalidModuleError: it is not an archive, is damaged, or has members that a module's may not have.
    """
    budget = _Budget(limits or Limits(), archive.stat().st_size, shown_as)
    with _damages_of(shown_as):
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, target, budget)
        else:
            _unpack_tar(archive, target, budget)


class _Budget:
    """Counts what is unpacked, and refuses the member that goes too far."""

    def __init__(self, limits: Limits, packed_size: int, shown_as: str) -> None:
        self._bytes = self.all_bytes = limits.bytes_for(packed_size)
        self._files = limits.files
        self.limits = limits
        self.shown_as = shown_as

    def spend(self, name: str, size: int) -> None:
        self._files -= 1
        if self._files < 0:
            raise self.refusal(f"has more than {self.limits.files} members")
        self._bytes -= size
        if size < 0 or self._bytes < 0:
            raise self.too_large(name)

    def too_large(self, name: str) -> InvalidModuleError:
        return self.refusal(
            f"unpacks to more than {self.all_bytes / 1e6:.0f} MB (at {name}), the limit for an archive of "
            "its size (if you trust it, unpack it yourself and install the folder)"
        )

    def refusal(self, what: str) -> InvalidModuleError:
        return InvalidModuleError(
            f"{self.shown_as} {what}. It is refused, and nothing of it is installed; "
            "a module's archive holds files and folders, by relative paths"
        )

    def check_path(self, name: str) -> None:
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or name.startswith("\\") or path.parts[0].endswith(":"):
            raise self.refusal(f"has the absolute or empty path {name!r} in it")
        if ".." in path.parts or "\\" in name or "\0" in name:
            raise self.refusal(f"has the path {name!r} in it, which leads out of the archive")


def _unpack_zip(archive: Path, target: Path, budget: _Budget) -> None:
    with zipfile.ZipFile(archive) as packed:
        for item in packed.infolist():
            name = item.filename
            budget.check_path(name)
            mode = item.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                kind = "symbolic link" if stat.S_ISLNK(mode) else "device, pipe or socket"
                raise budget.refusal(f"has {name!r} in it, a {kind}")
            if item.flag_bits & 1:
                raise budget.refusal(f"has {name!r} in it, which is encrypted")
            budget.spend(name, item.file_size)
            place = target / name
            if item.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(item) as source, place.open("wb") as file:
                shutil.copyfileobj(source, file, _BLOCK)
            if mode & 0o100:
                place.chmod(0o755)


def _unpack_tar(archive: Path, target: Path, budget: _Budget) -> None:
    with archive.open("rb") as raw:
        stream = gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == _GZIP else raw
        with stream, tarfile.open(fileobj=_Bounded(stream, budget), mode="r:") as tape:
            for item in tape:
                _check_tar_member(item, budget)
                if item.isdir() and PurePosixPath(item.name) == PurePosixPath("."):
                    continue  # `tar -C folder .` begins with it
                tape.extract(item, target, filter="data")


def _check_tar_member(item: tarfile.TarInfo, budget: _Budget) -> None:
    if item.name not in (".", "./"):
        budget.check_path(item.name)
    if item.issym() or item.islnk():
        raise budget.refusal(f"has {item.name!r} in it, a link to {item.linkname!r}")
    if not (item.isreg() or item.isdir()) or item.issparse():
        raise budget.refusal(
            f"has {item.name!r} in it, which is neither a file nor a folder (device, pipe …)"
        )
    budget.spend(item.name, item.size)


class _Bounded:
    """A tar file's bytes, of which ``tarfile`` gets no more than the budget allows."""

    def __init__(self, stream: gzip.GzipFile | IO[bytes], budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget
        # Headers and padding take up to 1 kB a member, more with long names.
        self._end = budget.all_bytes + 4096 * budget.limits.files

    def read(self, size: int) -> bytes:
        if size > _LARGEST_READ or size < 0:
            raise self._budget.refusal(f"has a header that claims {size} bytes for itself")
        return self._stream.read(size)

    def seek(self, position: int) -> int:
        if position > self._end:
            raise self._budget.too_large("a member that is larger than the whole may be")
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()

    def __getattr__(self, name: str) -> Any:  # tarfile asks for a name and a mode, and can do without
        raise AttributeError(name)


@contextmanager
def _damages_of(shown_as: str) -> Iterator[None]:
    try:
        yield
    except tarfile.FilterError as error:
        raise InvalidModuleError(
            f"{shown_as}: {error}. It is refused, and nothing of it is installed"
        ) from error
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise InvalidModuleError(
            f"{shown_as} is damaged, incomplete or not an archive ({error or type(error).__name__}); "
            f"get it again. Archives may be {', '.join(SUFFIXES)}"
        ) from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile: an unknown method of compression
        raise InvalidModuleError(f"{shown_as} cannot be unpacked: {error}; pack it again as .zip") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InvalidModuleError(
            f"{shown_as} has a file and a folder of the same name in it ({error.filename}); it is refused"
        ) from error


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
