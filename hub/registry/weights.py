"""The weights store: model files by name, fetched once, checked, and shared between modules.

``catalogue.json`` says of each name in which archive of the package index its files are, and their
SHA-256. They are in ``weights/<digest>/``, where the digest is that of the entry's list of files:
a changed entry is another folder, and two entries with the same files share one. A folder appears
there by one rename, so it is whole or absent.

``lookup`` and ``names`` need the standard library only and never go to the network.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hub.errors import NetworkError, WeightsError
from hub.registry.progress import Progress, Silent
from hub.registry.sources.archive import Member, take
from hub.registry.store import checksums
from hub.registry.store.layout import Layout
from hub.registry.store.locks import flocked, locked, share
from hub.suggestion import did_you_mean

_CATALOGUE = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True)
class Archive:
    """An archive of the package index: what to ask for, its file name and its size."""

    requirement: str
    file: str
    size: int


@dataclass(frozen=True)
class Entry:
    """A name in the catalogue. ``kind`` is ``paddle``, ``onnx`` or ``font``."""

    name: str
    kind: str
    summary: str
    license: str
    archive: Archive
    files: tuple[Member, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 over the sorted list of file names and digests; the folder's name in the store."""
        lines = sorted(f"{file.sha256}  {file.name}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@functools.cache
def catalogue() -> dict[str, Entry]:
    """Return every entry by its name."""
    data = json.loads(_CATALOGUE.read_bytes())
    archives = {req: Archive(requirement=req, **rest) for req, rest in data["archives"].items()}
    entries = {}
    for name, entry in data["entries"].items():
        archive, files = archives[entry["archive"]], tuple(Member(**file) for file in entry["files"])
        entries[name] = Entry(**{**entry, "name": name, "archive": archive, "files": files})
    return entries


def names() -> list[str]:
    """Return the names in the catalogue."""
    return list(catalogue())


def entry(name: str) -> Entry:
    """Return the catalogue's entry ``name``.

    Raises:
        WeightsError: there is no such entry; the message names all.
    """
    known = catalogue()
    if name not in known:
        hint = did_you_mean(name, known)
        raise WeightsError(f"the catalogue has no weights {name!r}.{hint} It has: {', '.join(known)}")
    return known[name]


def lookup(name: str, home: str | Path | None = None) -> Path | None:
    """Return the folder with the files of ``name``, or None where they have not been fetched."""
    return _present(entry(name), Layout(home))


def hold(folder: Path) -> int:
    """Keep weights in the store until the returned descriptor is closed; raises OSError."""
    return share(_lock_of(folder))


def held(names: Iterable[str]) -> contextlib.ExitStack:
    """Keep those of ``names`` that are in the store there, until what is returned is closed."""
    stack = contextlib.ExitStack()
    for folder in filter(None, (lookup(name) for name in names if name in catalogue())):
        with contextlib.suppress(OSError):  # a file system without locks
            stack.callback(os.close, hold(folder))
    return stack


def is_held(folder: Path) -> bool:
    """Tell whether a process keeps the weights in this folder of the store, or may do so."""
    try:
        with flocked(_lock_of(folder)):
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _lock_of(folder: Path) -> Path:
    """Return the file of some weights that is locked for all of them: the store may be read-only."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    if not files:
        raise FileNotFoundError(f"{folder} is empty")
    return min(files)


def fetch(
    names: Iterable[str],
    *,
    home: str | Path | None = None,
    progress: Progress | None = None,
    source: str | Path | None = None,
) -> dict[str, Path]:
    """Make sure that weights are in the store; what is there already is not fetched again.

    An archive is downloaded once for all of its entries, also those that nobody has asked for yet.

    Args:
        names: names in the catalogue.
        home: another home than the configured one.
        progress: is told what goes on.
        source: an archive on this machine, or a folder of archives, to use instead of the network.

    Raises:
        WeightsError: an unknown name, no network, a wrong file, no space: nothing is published.
    """
    layout = Layout(home)
    wanted = {name: entry(name) for name in names}
    for archive in dict.fromkeys(each.archive for each in wanted.values()):
        group = [each for each in wanted.values() if each.archive == archive]
        if not all(_present(each, layout) for each in group):
            _fetch_archive(archive, group, layout, progress or Silent(), source)
    found = {name: _present(each, layout) for name, each in wanted.items()}
    return {name: path for name, path in found.items() if path is not None}


def adopt(
    name: str, folder: Path, *, home: str | Path | None = None, progress: Progress | None = None
) -> Path:
    """Put files of ``name`` that somebody has brought along into the store, if they are the right ones.

    Raises:
        WeightsError: an unknown name, a file that is missing or not the catalogue's, no space.
    """
    wanted, layout, shown = entry(name), Layout(home), progress or Silent()
    with _locked(wanted.archive, layout, shown) as staging:
        if _present(wanted, layout) is None:
            _store([wanted], folder, staging, layout, shown)
    return layout.weights / wanted.digest


def verify(name: str, home: str | Path | None = None) -> list[str]:
    """Compare the files of ``name`` in the store with the catalogue's; return a line for each difference."""
    wanted, layout = entry(name), Layout(home)
    folder = layout.weights / wanted.digest
    expected = {file.name: file.sha256 for file in wanted.files}
    found = {name: checksums.of_file(folder / name) for name in expected if (folder / name).is_file()}
    return checksums.compare(expected, found)


def _present(entry: Entry, layout: Layout) -> Path | None:
    """Return the entry's folder if it is complete. Sizes suffice: digests were checked before it appeared."""
    folder = layout.weights / entry.digest
    try:
        whole = all((folder / file.name).stat().st_size == file.size for file in entry.files)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return folder if whole else None


def _fetch_archive(
    archive: Archive, wanted: list[Entry], layout: Layout, progress: Progress, source: str | Path | None
) -> None:
    with _locked(archive, layout, progress) as staging:
        if all(_present(each, layout) for each in wanted):
            return  # another process has fetched them while we waited
        packed = _given(archive, source) if source is not None else _downloaded(archive, staging, progress)
        entries = [each for each in catalogue().values() if each.archive == archive]
        missing = [each for each in entries if _present(each, layout) is None]
        _store(missing, packed, staging, layout, progress)


def _store(entries: list[Entry], source: Path, staging: Path, layout: Layout, progress: Progress) -> None:
    """Take entries out of their archive, or of a folder that has their files by name, and publish them."""
    targets = {
        staging / each.digest / file.name: replace(file, path=file.name) if source.is_dir() else file
        for each in entries
        for file in each.files
    }
    label = f"Unpacking {', '.join(each.name for each in entries)}"
    with progress.task(label, sum(each.size for each in entries)) as advance:
        take(source, targets, advance)
    for each in entries:
        target = layout.weights / each.digest
        with contextlib.suppress(FileNotFoundError):
            target.rename(staging / f"damaged-{each.digest}")  # a rename cannot replace a full folder
        (staging / each.digest).rename(target)


@contextmanager
def _locked(archive: Archive, layout: Layout, progress: Progress) -> Iterator[Path]:
    """Hold the archive's lock and a staging folder next to where its content will be."""
    name = archive.file.split("-")[0]
    lock = layout.lock(f"weights-{name}")  # no module's name has a "-" there
    try:
        layout.weights.mkdir(parents=True, exist_ok=True)
        with locked(lock, subject=f"the weights of {archive.requirement}", progress=progress):
            for left in layout.weights.glob(f".staging-{name}-*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=f".staging-{name}-", dir=layout.weights) as staging:
                yield Path(staging)
    except OSError as error:
        raise WeightsError(
            f"weights cannot be stored in {layout.weights}: {error}. Check the permissions and the free "
            "space, or choose another place with HUB_HOME"
        ) from error


def _downloaded(archive: Archive, staging: Path, progress: Progress) -> Path:
    from hub.registry.sources.pip_download import download

    with progress.task(f"Downloading {archive.file}", archive.size) as advance:
        try:
            return download(archive.requirement, staging, advance)
        except NetworkError as error:
            raise NetworkError(
                f"{error}\nCheck the network and pip's settings (pip config list). Without a network: fetch "
                f"{archive.file} ({archive.size / 1e6:.0f} MB) on another machine with\n"
                f"  python -m unearth --download . '{archive.requirement}'\n"
                "copy it here, and either set PIP_FIND_LINKS to its folder and try again, or run\n"
                f"  hub weights fetch --from {archive.file}"
            ) from error


def _given(archive: Archive, source: str | Path) -> Path:
    path = Path(source).expanduser()
    path = path / archive.file if path.is_dir() else path
    if not path.is_file():
        raise WeightsError(f"{path} does not exist; it should be the archive {archive.file}")
    return path


def names_in(source: str | Path) -> list[str]:
    """Return the entries whose archive ``source`` is, or contains if it is a folder, told by file names.

    Raises:
        WeightsError: it is not an archive of the catalogue.
    """
    path = Path(source).expanduser()
    files = {file.name for file in path.iterdir()} if path.is_dir() else {path.name}
    found = [each.name for each in catalogue().values() if each.archive.file in files]
    if not found:
        expected = ", ".join(sorted({each.archive.file for each in catalogue().values()}))
        raise WeightsError(f"{source} is not an archive of the catalogue; its archives are: {expected}")
    return found
