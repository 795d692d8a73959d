"""Take named files out of a wheel, a source archive or a folder, each one checked.

Only what is asked for is read, to places that the caller names, up to the size that is expected:
nothing that an archive claims about paths, links or sizes is believed.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.errors import ChecksumError, WeightsError
from hub.registry.progress import Advance

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file in an archive: its path there, its target, and the size and checksum that it must have."""

    path: str
    target: Path
    size: int
    sha256: str


def take(archive: Path, members: Sequence[Member], advance: Advance) -> None:
    """Write every member to its target.

    Raises:
        ChecksumError: a member is not the one that was expected, or the archive is damaged.
        WeightsError: the archive has no such member, or is not an archive.
    """
    wanted = {member.path: member for member in members}
    done = 0
    with _damages_of(archive):
        for path, stream in _streams(archive, set(wanted)):
            member = wanted.pop(path)
            _write_checked(stream, member, archive, advance, done)
            done += member.size
    if wanted:
        raise WeightsError(
            f"{archive.name} has no {sorted(wanted)[0]} in it, so it is not the archive that was expected; "
            "get it again, or from another index"
        )


def _streams(archive: Path, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    if archive.is_dir():
        for path in sorted(wanted):
            if (archive / path).is_file():
                with (archive / path).open("rb") as file:
                    yield path, file
        return
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for path in sorted(wanted.intersection(packed.namelist())):
                with packed.open(path) as stream:
                    yield path, stream
        return
    with tarfile.open(archive) as tape:
        for item in tape:  # in the archive's order: going back would unpack it from its start again
            stream_or_none = tape.extractfile(item) if item.isfile() and item.name in wanted else None
            if stream_or_none is not None:
                wanted.discard(item.name)
                yield item.name, stream_or_none


def _write_checked(
    stream: IO[bytes], member: Member, archive: Path, advance: Advance, done_before: int
) -> None:
    digest, size = hashlib.sha256(), 0
    member.target.parent.mkdir(parents=True, exist_ok=True)
    with member.target.open("wb") as target:
        while size <= member.size and (block := stream.read(_BLOCK)):
            size += len(block)
            digest.update(block)
            target.write(block)
            advance(done_before + size)
        target.flush()
        os.fsync(target.fileno())  # so that a power cut cannot leave a published file empty
    if size != member.size or digest.hexdigest() != member.sha256:
        raise ChecksumError(
            f"{member.path} in {archive.name} is not the file that was expected: "
            f"{size} bytes with SHA-256 {digest.hexdigest()}, should be {member.size} with {member.sha256}. "
            "Nothing of it is kept; get the archive again, or from another index"
        )


@contextmanager
def _damages_of(archive: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise ChecksumError(f"{archive} is damaged or incomplete ({error}); get it again") from error
