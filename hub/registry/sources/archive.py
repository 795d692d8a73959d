"""Read wheels, other zip files and tar files: what is in them, and named files of them, each one checked.

Nothing that an archive claims about paths, links or sizes is believed: :func:`take` writes only what is asked
for, to places that the caller names, up to the size that is expected. :mod:`.unpack` unpacks all.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from hub.errors import ChecksumError, HubError, WeightsError
from hub.registry.progress import Advance

_BLOCK: Final = 1 << 20
#: No single read of a well-made archive is larger; a header that claims more would fill the memory.
_LARGEST_READ: Final = 16 << 20
GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True)
class Packed:
    """A file or folder in an archive; ``flaw`` says why a stranger's archive should not have it, if so."""

    name: str
    size: int
    mode: int
    is_folder: bool
    flaw: str
    open: Callable[[], Any]


def members(archive: Path) -> Iterator[Packed]:
    """Yield what is in a zip or tar file, in its order: going back would unpack a tar file from its start."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for item in packed.infolist():
                mode, flaw = item.external_attr >> 16, ", which is encrypted" if item.flag_bits & 1 else ""
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    flaw = f", a {'symbolic link' if stat.S_ISLNK(mode) else 'device, pipe or socket'}"
                opened = functools.partial(packed.open, item)
                yield Packed(item.filename, item.file_size, mode, item.is_dir(), flaw, opened)
    else:
        with archive.open("rb") as raw:
            stream = gzip.GzipFile(fileobj=raw) if raw.peek(2)[:2] == GZIP else raw
            bounded: Any = _Bounded(stream)
            with stream, tarfile.open(fileobj=bounded, mode="r:") as tape:
                yield from _members_of_tar(tape)


def _members_of_tar(tape: tarfile.TarFile) -> Iterator[Packed]:
    for item in tape:
        flaw = ""
        if item.issym() or item.islnk():
            flaw = f", a link to {item.linkname!r}"
        elif not (item.isreg() or item.isdir()) or item.issparse():
            flaw = ", which is neither a file nor a folder (device, pipe …)"
        opened = functools.partial(tape.extractfile, item)
        yield Packed(item.name, item.size, item.mode, item.isdir(), flaw, opened)


class _Bounded:
    """A tar file's bytes, of which ``tarfile`` gets no more at once than fits into memory."""

    def __init__(self, stream: gzip.GzipFile | IO[bytes]) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        if size > _LARGEST_READ or size < 0:
            raise tarfile.ReadError(f"it has a header that claims {size} bytes for itself")
        return self._stream.read(size)


@contextmanager
def damages_of(shown_as: object, error_type: type[HubError], advice: str = "get it again") -> Iterator[None]:
    """Raise ``error_type`` for an archive that turns out to be damaged, or none, while it is read."""
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        reason = error or type(error).__name__
        raise error_type(
            f"{shown_as} is damaged, incomplete or not an archive ({reason}); {advice}"
        ) from error


@dataclass(frozen=True)
class Member:
    """A file to take: its path in the archive, its name outside, the size and checksum that it must have."""

    path: str
    name: str
    size: int
    sha256: str


def take(archive: Path, wanted: Mapping[Path, Member], advance: Advance) -> None:
    """Write every member to the path that it is wanted at.

    Raises:
        ChecksumError: a member is not the one that was expected, or the archive is damaged.
        WeightsError: the archive has no such member.
    """
    missing = {member.path: (member, target) for target, member in wanted.items()}
    done = 0
    with damages_of(archive, ChecksumError):
        for path, opened in _files(archive, list(missing)):
            if path in missing:
                member, target = missing.pop(path)
                with opened() as stream:
                    _write_checked(stream, member, target, archive, advance, done)
                done += member.size
    if missing:
        raise WeightsError(
            f"{archive.name} has no {sorted(missing)[0]} in it, so it is not the archive that was expected; "
            "get it again, or from another index"
        )


def _files(archive: Path, wanted: Sequence[str]) -> Iterator[tuple[str, Callable[[], Any]]]:
    if archive.is_dir():
        files = ((path, archive / path) for path in wanted)
        yield from ((path, functools.partial(file.open, "rb")) for path, file in files if file.is_file())
    else:
        yield from ((each.name, each.open) for each in members(archive) if not (each.is_folder or each.flaw))


def _write_checked(
    stream: IO[bytes], member: Member, path: Path, archive: Path, advance: Advance, done: int
) -> None:
    digest, size = hashlib.sha256(), 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        while size <= member.size and (block := stream.read(_BLOCK)):
            size += len(block)
            digest.update(block)
            target.write(block)
            advance(done + size)
        target.flush()
        os.fsync(target.fileno())  # so that a power cut cannot leave a published file empty
    if size != member.size or digest.hexdigest() != member.sha256:
        raise ChecksumError(
            f"{member.path} in {archive.name} is not the file that was expected: "
            f"{size} bytes with SHA-256 {digest.hexdigest()}, should be {member.size} with {member.sha256}. "
            "Nothing of it is kept; get the archive again, or from another index"
        )
