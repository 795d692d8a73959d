"""``hub install``: from what was asked for to modules in the registry.

Everything that is asked for is found, downloaded, unpacked and looked at before the first of it is
installed: a misspelt one should not leave the others half done.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub import atomic_file
from hub.errors import ChecksumError, InvalidModuleError, ModuleNotInstalledError, RegistryError
from hub.module.info import ModuleInfo, read_module_info
from hub.registry import requirements, weights
from hub.registry.local import InstalledModule, LocalRegistry
from hub.registry.progress import Progress
from hub.registry.sources.specifier import Address, ArchiveFile, Folder, Named, Source, parse
from hub.registry.sources.unpack import SUFFIXES
from hub.registry.store import checksums
from hub.registry.store.layout import VENV
from hub.registry.store.workspace import NewFolder, workspace


@dataclass(frozen=True)
class Options:
    """How to install.

    Attributes:
        sha256: what the archive or address must be.
        isolated: give each module a Python environment of its own.
        install_requirements: let pip install what is missing, into this environment.
        force: install by name also what is installed already.
    """

    sha256: str | None = None
    isolated: bool = False
    install_requirements: bool = False
    force: bool = False


@dataclass(frozen=True)
class Outcome:
    """One module: installed now, or ``already``."""

    module: InstalledModule
    already: bool = False


@dataclass(frozen=True)
class _Found:
    """A module's folder on this disk, ready to be installed.

    Attributes:
        origin: what it came from, if that is not the folder itself.
        weights: folders of weights that came with it.
        wheels: a folder of what it requires, if that came with it.
        already: the installed module that makes this one superfluous.
    """

    folder: Path
    info: ModuleInfo
    origin: str | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)
    wheels: Path | None = None
    already: InstalledModule | None = None


def install(
    given: Sequence[str], registry: LocalRegistry, options: Options, progress: Progress
) -> Iterator[Outcome]:
    """Install what the words mean (see ``hub/registry/sources/specifier.py``), one after the other.

    Raises:
        HubError: something cannot be installed; what was yielded before is.
    """
    if options.sha256 is not None and len(given) != 1:
        raise InvalidModuleError(
            "--sha256 belongs to one archive; install the others with commands of their own"
        )
    sources = [parse(each, sha256=options.sha256) for each in given]
    with workspace(registry.layout) as new_folder:
        finder = _Finder(registry, options, progress, new_folder)
        found = [finder.find(source) for source in sources]
        for each in found:
            if each.already is None:
                _check(each, options, progress)
        for each in found:
            yield _install(each, registry, options, progress)


def download(given: str, folder: Path, registry: LocalRegistry, progress: Progress) -> Path:
    """Bring the archive of a module that is offered by name into ``folder``; return its path.

    Raises:
        ModuleNotInstalledError: nobody offers it.
        HubError: it cannot be had or written.
    """
    from hub.registry.authoring import pack
    from hub.registry.configuration import read
    from hub.registry.sources import catalog, http

    source = parse(given)
    if not isinstance(source, Named):
        raise InvalidModuleError(f"{given} is on this machine or an address; hub download takes names")
    configuration = read(registry.layout)
    offered = catalog.find(source, configuration.index)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(offered, catalog.Shipped):
            return pack.pack_folder(offered.folder, folder, progress)
        archive, sha256 = offered.offer.archive, offered.offer.module.sha256
        target = folder / http.file_name(archive)
        if not target.name.endswith(SUFFIXES):  # whoever keeps the index should not choose any file here
            target = folder / f"{offered.name}-{offered.version}.archive"
        with atomic_file.replacing(target) as fresh:
            if offered.offer.is_local:
                shutil.copyfile(archive, fresh)
                _check_digest(fresh, sha256)
            else:
                limit = configuration.max_download_mb
                http.download(archive, fresh, sha256=sha256, limit_mb=limit, progress=progress)
    except OSError as error:
        raise RegistryError(f"{given} cannot be put into {folder}: {error}") from error
    return target


class _Finder:
    """Brings each source onto this disk."""

    def __init__(
        self, registry: LocalRegistry, options: Options, progress: Progress, new_folder: NewFolder
    ) -> None:
        self._registry = registry
        self._options = options
        self._progress = progress
        self._new_folder = new_folder

    def find(self, source: Source) -> _Found:
        if isinstance(source, Folder):
            return _Found(source.path, read_module_info(source.path))
        if isinstance(source, ArchiveFile):
            return self._archive(source.path, shown_as=str(source.path), sha256=source.sha256)
        if isinstance(source, Address):
            return self._download(source.url, source.sha256)
        return self._named(source)

    def _named(self, named: Named) -> _Found:
        from hub.registry.configuration import read
        from hub.registry.sources import catalog

        offered = catalog.find(named, read(self._registry.layout).index)
        installed = self._installed(offered.name, offered.version)
        if isinstance(offered, catalog.Shipped):
            info = read_module_info(offered.folder)
            if installed and not checksums.compare(
                checksums.of_folder(installed.directory), checksums.of_folder(offered.folder)
            ):
                return _Found(offered.folder, info, already=installed)
            return _Found(offered.folder, info)
        if installed:
            return _Found(installed.directory, installed.info, already=installed)
        offer, digest = offered.offer, offered.offer.module.sha256
        if offer.is_local:
            found = self._archive(Path(offer.archive), shown_as=offer.archive, sha256=digest)
        else:
            found = self._download(offer.archive, digest)
        _same_as_offered(found.info, offered)
        return found

    def _installed(self, name: str, version: str) -> InstalledModule | None:
        """The installed module that an install by name would only repeat."""
        if self._options.force:
            return None
        try:
            module = self._registry.find(name, version)
        except (ModuleNotInstalledError, RegistryError):
            return None
        is_isolated = (module.content / VENV).is_dir()
        return module if is_isolated == self._options.isolated else None

    def _download(self, url: str, sha256: str) -> _Found:
        from hub.registry.configuration import read
        from hub.registry.sources.http import download, file_name
        from hub.registry.sources.pip_download import without_password

        limit = read(self._registry.layout).max_download_mb
        target = self._new_folder("download") / file_name(url)
        download(url, target, sha256=sha256, limit_mb=limit, progress=self._progress)
        return self._archive(target, shown_as=without_password(url), sha256=None)

    def _archive(self, path: Path, *, shown_as: str, sha256: str | None) -> _Found:
        from hub.registry.authoring import pack
        from hub.registry.sources.unpack import module_root, unpack

        if sha256 is not None:
            _check_digest(path, sha256)
        unpacked = self._new_folder("unpacked")
        with self._progress.task(f"Decompress {shown_as}"):
            unpack(path, unpacked, shown_as=shown_as)
        try:
            if pack.is_pack(unpacked):
                found = pack.check(unpacked, shown_as=shown_as, progress=self._progress)
                info = read_module_info(found.module)
                return _Found(found.module, info, shown_as, found.weights, found.wheels)
            root = module_root(unpacked, shown_as=shown_as)
            return _Found(root, read_module_info(root), shown_as)
        except InvalidModuleError as error:
            raise InvalidModuleError(str(error).replace(str(unpacked), shown_as)) from error


def _check_digest(path: Path, sha256: str) -> None:
    try:
        found = checksums.of_file(path)
    except OSError as error:
        raise RegistryError(f"{path} cannot be read: {error}") from error
    if found != sha256.lower():
        raise ChecksumError(
            f"{path} is not the file that was expected: its SHA-256 is {found}, should be {sha256.lower()}. "
            "Nothing of it is installed"
        )


def _same_as_offered(info: ModuleInfo, offered: object) -> None:
    name, version = getattr(offered, "name", ""), getattr(offered, "version", "")
    if (info.package, info.version) != (name.replace("-", "_"), version):
        raise InvalidModuleError(
            f"the index offers {name} {version}, but its archive holds {info.name} {info.version}. "
            "Nothing is installed; whoever keeps the index should run: hub index build"
        )


def _check(found: _Found, options: Options, progress: Progress) -> None:
    """See that it can be installed, before anything is."""
    for name in found.info.weights:
        weights.entry(name)
    if options.isolated:
        return
    shown_as = found.origin or str(found.folder)
    if options.install_requirements:
        if requirements.unmet(found.folder):
            requirements.pip_install(
                found.folder, name=found.info.name, progress=progress, wheels=found.wheels
            )
        return
    requirements.check(found.folder, name=found.info.name, shown_as=shown_as)


def _install(found: _Found, registry: LocalRegistry, options: Options, progress: Progress) -> Outcome:
    # Weights come before the module appears, so that an installed module can be served.
    home = registry.layout.home
    for name, folder in found.weights.items():
        weights.adopt(name, folder, home=home, progress=progress)
    weights.fetch(found.info.weights, home=home, progress=progress)
    if found.already is not None:
        return Outcome(found.already, already=True)
    module = registry.install(
        found.folder,
        progress=progress,
        origin=found.origin,
        isolated=options.isolated,
        wheels=found.wheels,
    )
    return Outcome(module)
