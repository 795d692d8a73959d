"""Everything that a module needs in one archive, for a machine without a network: ``hub pack``.

    <name>-<version>.hub.tar.gz
      hub-pack.json           {"format": 1, "name", "version", "weights": {name: digest},
                               "files": {path: SHA-256}}
      module/<package>/…      the module
      weights/<digest>/…      files of the weights that it names
      wheels/…                of its requirements and what these require, with --wheels

The same module packs to the same bytes. ``hub install`` takes such a file like any archive, checks every file
against ``hub-pack.json``, and weights against its own catalogue as well.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import BaseModel, StringConstraints, ValidationError

from hub import atomic_file
from hub.errors import ChecksumError, InvalidModuleError, RegistryError, WeightsError
from hub.module.info import read_module_info
from hub.registry import weights
from hub.registry.local import InstalledModule
from hub.registry.progress import Progress
from hub.registry.sources.unpack import MANIFEST, MODULE_FOLDER, module_root
from hub.registry.store import checksums

_WEIGHTS_FOLDER = "weights"
_WHEELS_FOLDER = "wheels"


class _Manifest(BaseModel):
    """The part of ``hub-pack.json`` that is read."""

    format: int
    weights: dict[str, Annotated[str, StringConstraints(pattern="^[0-9A-Za-z]+$")]]
    files: dict[str, str]


@dataclass(frozen=True)
class Unpacked:
    """A checked pack: its module's folder, its weights' folders by name, its wheels if it has any."""

    module: Path
    weights: Mapping[str, Path]
    wheels: Path | None


def pack(
    module: InstalledModule,
    target: Path,
    *,
    home: Path,
    progress: Progress,
    wheels: Path | None = None,
    more: Sequence[str] = (),
) -> Path:
    """Pack an installed module, its weights and (from the folder ``wheels``) its requirements.

    Args:
        module: what to pack.
        target: the archive to write, or the folder to write ``<name>-<version>.hub.tar.gz`` into.
        home: whose weights.
        progress: shows how far it is.
        wheels: a folder of wheels to put in.
        more: weights to put in besides those that it names.

    Raises:
        WeightsError: weights that it names are not on this machine.
        RegistryError: the archive cannot be written.
    """
    info = module.info
    files = _below(module.directory, f"{MODULE_FOLDER}/{info.package}")
    digests = {}
    for name in dict.fromkeys((*info.weights, *more)):
        folder = weights.lookup(name, home)
        if folder is None:
            raise WeightsError(
                f"the weights {name} of {info.name} are not on this machine. Fetch them first: "
                f"hub weights fetch {name}"
            )
        entry = weights.entry(name)
        digests[name] = entry.digest
        files |= {f"{_WEIGHTS_FOLDER}/{entry.digest}/{file.name}": folder / file.name for file in entry.files}
    if wheels is not None:
        files |= _below(wheels, _WHEELS_FOLDER)
    archive = target / f"{info.name}-{info.version}.hub.tar.gz" if target.is_dir() else target
    sums, done = {}, 0
    with progress.task("Computing checksums", sum(path.stat().st_size for path in files.values())) as advance:
        for file, path in files.items():
            sums[file] = checksums.of_file(path)
            done += path.stat().st_size
            advance(done)
    described = {"format": 1, "name": info.name, "version": info.version}
    _write(archive, files, {**described, "weights": digests, "files": sums}, progress)
    return archive


def pack_folder(folder: Path, target: Path, progress: Progress) -> Path:
    """Pack a module's folder as it is, without weights, into ``<name>-<version>.tar.gz`` in ``target``."""
    info = read_module_info(folder)
    archive = target / f"{info.name}-{info.version}.tar.gz"
    _write(archive, _below(folder, info.package), None, progress)
    return archive


def _below(folder: Path, prefix: str) -> dict[str, Path]:
    return {f"{prefix}/{path.relative_to(folder).as_posix()}": path for path in checksums.files_of(folder)}


def _write(
    archive: Path, files: Mapping[str, Path], manifest: dict[str, Any] | None, progress: Progress
) -> None:
    total = sum(path.stat().st_size for path in files.values())
    try:
        with (
            progress.task(f"Packing {archive.name}", total) as advance,
            atomic_file.replacing(archive) as fresh,
            fresh.open("wb") as file,
            # No name, time or owner in it: the same content makes the same bytes.
            gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tape,
        ):
            if manifest is not None:
                data = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
                tape.addfile(_member(MANIFEST, len(data), 0), io.BytesIO(data))
            done = 0
            for name, path in sorted(files.items()):
                with path.open("rb") as source:
                    member = _member(name, path.stat().st_size, path.stat().st_mode)
                    tape.addfile(member, _Reading(source, advance, done))  # type: ignore[arg-type]  # only read
                done += member.size
    except OSError as error:
        advice = "Check the free space and the permissions; no archive is left"
        raise RegistryError(f"{archive} cannot be written: {error}. {advice}") from error


def _member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o755 if mode & 0o100 else 0o644
    return member


class _Reading:
    """A file that says how far it has been read."""

    def __init__(self, file: IO[bytes], advance: Callable[[int], None], done: int) -> None:
        self._file = file
        self._advance = advance
        self._done = done

    def read(self, size: int) -> bytes:
        block = self._file.read(size)
        self._done += len(block)
        self._advance(self._done)
        return block


def is_pack(unpacked: Path) -> bool:
    """Tell whether an unpacked archive is one that ``hub pack`` made."""
    return (unpacked / MANIFEST).is_file()


def check(unpacked: Path, *, shown_as: str, progress: Progress) -> Unpacked:
    """Check every file of an unpacked pack.

    Raises:
        InvalidModuleError: it is not a pack that this version understands.
        ChecksumError: a file is not the one that was packed.
    """
    manifest = _manifest(unpacked, shown_as)
    with progress.task(f"Checking {shown_as}"):
        found = checksums.of_folder(unpacked)
    found.pop(MANIFEST)
    if differences := checksums.compare(manifest.files, found):
        raise ChecksumError(
            f"{shown_as} is not as it was packed ({'; '.join(differences[:5])}). "
            "Nothing of it is installed; copy it again"
        )
    folders = {name: unpacked / _WEIGHTS_FOLDER / digest for name, digest in manifest.weights.items()}
    wheels = unpacked / _WHEELS_FOLDER
    module = module_root(unpacked, shown_as=shown_as)
    return Unpacked(module, folders, wheels if wheels.is_dir() else None)


def _manifest(unpacked: Path, shown_as: str) -> _Manifest:
    try:
        manifest = _Manifest.model_validate_json((unpacked / MANIFEST).read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise InvalidModuleError(f"{shown_as}: its {MANIFEST} cannot be read: {problem}") from error
    if manifest.format != 1:
        raise InvalidModuleError(
            f"{shown_as} was packed by a later version (format {manifest.format}); update hubserving"
        )
    return manifest
