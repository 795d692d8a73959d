"""``hub install``: from what was asked for to modules in the registry.

Everything that is asked for is found, downloaded, unpacked and looked at before the first of it is
installed: a misspelt one should not leave the others half done.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hub import atomic_file
from hub.errors import InvalidModuleError, ModuleNotInstalledError, RegistryError
from hub.module.info import ModuleInfo, read_module_info
from hub.registry import copies, requirements, weights
from hub.registry.local import InstalledModule, LocalRegistry
from hub.registry.progress import Progress
from hub.registry.sources.specifier import Address, Named, Source, parse
from hub.registry.sources.unpack import SUFFIXES
from hub.registry.store import checksums
from hub.registry.store.layout import VENV
from hub.registry.store.workspace import NewFolder, workspace

if TYPE_CHECKING:
    from hub.registry.sources import catalog


@dataclass(frozen=True)
class Outcome:
    """One module: installed now, or ``already``; then ``edited`` says that only ``force`` replaces it."""

    module: InstalledModule
    already: bool = False
    edited: bool = False


@dataclass(frozen=True)
class _Found:
    """A module's folder on this disk, ready to be installed.

    Attributes:
        origin: what it came from, if that is not the folder itself.
        weights: folders of weights that came with it.
        wheels: a folder of what it requires, if that came with it.
        already: the installed module that makes this one superfluous, or is kept because it was edited.
        edited: the latter.
        bundled: it comes with HubServing.
    """

    folder: Path
    info: ModuleInfo
    origin: str | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)
    wheels: Path | None = None
    already: InstalledModule | None = None
    edited: bool = False
    bundled: bool = False


@dataclass(frozen=True)
class Installer:
    """Brings modules into a registry.

    Attributes:
        isolated: give each module a Python environment of its own.
        install_requirements: let pip install what is missing, into this environment.
        force: install by name also what is installed already, or was edited since.
    """

    registry: LocalRegistry
    progress: Progress
    isolated: bool = False
    install_requirements: bool = False
    force: bool = False

    def install(self, given: Sequence[str], *, sha256: str | None = None) -> Iterator[Outcome]:
        """Install what the words mean (see ``hub/registry/sources/specifier.py``), one after the other.

        Args:
            given: folders, archives, addresses and names.
            sha256: what the archive or address must be; then it is the only one.

        Raises:
            HubError: something cannot be installed; what was yielded before is.
        """
        if sha256 is not None and len(given) != 1:
            raise InvalidModuleError(
                "--sha256 belongs to one archive; install the others with commands of their own"
            )
        sources = [parse(each, sha256=sha256) for each in given]
        with workspace(self.registry.layout) as new_folder:
            found = [self._find(source, sha256, new_folder) for source in sources]
            for each in found:
                if each.already is None:
                    self._check(each)
            for each in found:
                # Weights come before the module appears, so that an installed module can be served.
                home = self.registry.layout.home
                for name, folder in each.weights.items():
                    weights.adopt(name, folder, home=home, progress=self.progress)
                weights.fetch(each.info.weights, home=home, progress=self.progress)
                module = each.already or self.registry.install(
                    each.folder,
                    info=each.info,
                    progress=self.progress,
                    origin=each.origin,
                    isolated=self.isolated,
                    wheels=each.wheels,
                    bundled=each.bundled,
                )
                yield Outcome(module, already=each.already is not None, edited=each.edited)

    def _find(self, source: Source, sha256: str | None, new_folder: NewFolder) -> _Found:
        """Bring a source onto this disk."""
        if isinstance(source, Named):
            return self._find_named(source, new_folder)
        if isinstance(source, Address):
            return self._download(source, new_folder)
        if source.is_dir():
            return _Found(source, read_module_info(source))
        if sha256 is not None:
            checksums.expect(source, sha256, shown_as=str(source))
        return self._unpack(source, str(source), new_folder)

    def _find_named(self, named: Named, new_folder: NewFolder) -> _Found:
        from hub.registry.configuration import read
        from hub.registry.sources import catalog

        offered = catalog.find(named, read(self.registry.layout).index)
        if installed := self._installed(offered):
            return installed
        found = self._find(offered.source, offered.sha256, new_folder)
        if (found.info.package, found.info.version) != (offered.info.package, offered.info.version):
            raise InvalidModuleError(
                f"the index offers {offered.info.name} {offered.info.version}, but its archive holds "
                f"{found.info.name} {found.info.version}. Nothing is installed; the maintainer of the "
                "index should run: hub index build"
            )
        return replace(found, bundled=offered.is_bundled)

    def _installed(self, offered: catalog.Offered) -> _Found | None:
        """Return the installed module that an install by name would repeat, or whose edits it would lose."""
        if self.force:
            return None
        try:
            module = self.registry.find(offered.info.name, offered.info.version)
        except (ModuleNotInstalledError, RegistryError):
            return None
        found = _Found(module.directory, module.info, already=module)
        same_place = (module.content / VENV).is_dir() == self.isolated
        if not (offered.is_bundled and isinstance(offered.source, Path)):
            return found if same_place else None
        if checksums.of_folder(offered.source) == checksums.of_folder(module.directory):
            return found if same_place else None
        return replace(found, edited=True) if copies.is_edited(module) else None

    def _download(self, address: Address, new_folder: NewFolder) -> _Found:
        from hub.registry.configuration import read
        from hub.registry.sources.http import download, file_name
        from hub.registry.sources.pip_download import without_password

        limit = read(self.registry.layout).max_download_mb
        target = new_folder("download") / file_name(address.url)
        download(address.url, target, sha256=address.sha256, limit_mb=limit, progress=self.progress)
        return self._unpack(target, without_password(address.url), new_folder)

    def _unpack(self, archive: Path, shown_as: str, new_folder: NewFolder) -> _Found:
        from hub.registry.authoring import pack
        from hub.registry.sources.unpack import module_root, unpack

        unpacked = new_folder("unpacked")
        with self.progress.task(f"Unpacking {shown_as}"):
            unpack(archive, unpacked, shown_as=shown_as)
        try:
            if pack.is_pack(unpacked):
                found = pack.check(unpacked, shown_as=shown_as, progress=self.progress)
                info = read_module_info(found.module)
                return _Found(found.module, info, shown_as, found.weights, found.wheels)
            root = module_root(unpacked, shown_as=shown_as)
            return _Found(root, read_module_info(root), shown_as)
        except InvalidModuleError as error:
            raise InvalidModuleError(str(error).replace(str(unpacked), shown_as)) from error

    def _check(self, found: _Found) -> None:
        """See that it can be installed, before anything is."""
        for name in found.info.weights:
            weights.entry(name)
        if self.isolated:
            return
        name, folder = found.info.name, found.folder
        if not self.install_requirements:
            requirements.check(folder, name=name, shown_as=found.origin or str(folder))
        elif requirements.unmet(folder):
            requirements.pip_install(folder, name=name, progress=self.progress, wheels=found.wheels)


def download(given: str, folder: Path, registry: LocalRegistry, progress: Progress) -> Path:
    """Bring the archive of a module that is offered by name into ``folder``; return its path.

    Raises:
        ModuleNotInstalledError: nobody offers it.
        HubError: it cannot be had or written.
    """
    from hub.registry.authoring import pack
    from hub.registry.configuration import read
    from hub.registry.sources import catalog, http

    named = parse(given)
    if not isinstance(named, Named):
        raise InvalidModuleError(f"{given} is on this machine or an address; hub download takes names")
    configuration = read(registry.layout)
    offered = catalog.find(named, configuration.index)
    source = offered.source
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(source, Path) and offered.sha256 is None:
            return pack.pack_folder(source, folder, progress)
        target = folder / http.file_name(str(source) if isinstance(source, Path) else source.url)
        if not target.name.endswith(SUFFIXES):  # an index should not choose any file here
            target = folder / f"{offered.info.name}-{offered.info.version}.archive"
        with atomic_file.replacing(target) as fresh:
            if isinstance(source, Path):
                shutil.copyfile(source, fresh)
                checksums.expect(fresh, offered.sha256 or "", shown_as=str(source))
            else:
                limit = configuration.max_download_mb
                http.download(source.url, fresh, sha256=source.sha256, limit_mb=limit, progress=progress)
    except OSError as error:
        raise RegistryError(f"{given} cannot be put into {folder}: {error}") from error
    return target
