"""The modules installed on this machine: list, find, install, uninstall.

Reading needs the standard library only (``packaging`` where several versions are compared) and
never imports a module, so it also works inside a runner with an environment of its own. Changing
is a transaction: see ``hub/registry/store/transaction.py`` for how a version appears and disappears whole.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hub.errors import InvalidModuleError, ModuleNotInstalledError, RegistryError
from hub.module.info import ModuleInfo, read_module_info
from hub.registry.progress import Progress, Silent
from hub.registry.sources import bundled
from hub.registry.store.layout import RECORD, Layout, package_name
from hub.registry.store.transaction import Transaction, hold
from hub.suggestion import beginning_with, did_you_mean

log = logging.getLogger("hub.registry")

_FIELDS = {field.name for field in fields(ModuleInfo)}


@dataclass(frozen=True)
class InstalledModule:
    """One version of one module, pinned to the files that were installed when it was found.

    Attributes:
        info: what the module declares.
        directory: the package folder, which holds ``module.py``.
        content: the folder around it, which :func:`hub.registry.store.transaction.hold` keeps from being
            removed. :func:`hub.registry.store.environment.interpreter_of` finds its own
            interpreter, if it has one.
        note: what its user should know of it, found out when it was installed just now.
    """

    info: ModuleInfo
    directory: Path
    content: Path
    note: str = ""


#: The method :meth:`LocalRegistry.list` hides the builtin's name from annotations in its class.
Modules = list[InstalledModule]
Versions = list[str]


class LocalRegistry:
    """The registry below ``home`` (default: ``$HUB_HOME`` or ``~/.hubserving``)."""

    def __init__(self, home: str | Path | None = None) -> None:
        self.layout = Layout(home)

    def list(self) -> Modules:
        """Return every installed version, by name and then from the oldest version to the newest."""
        found = []
        for package in self._packages():
            for version in self._versions(package):
                try:
                    found.append(self._read(package, version))
                except RegistryError as error:
                    log.warning("%s", error)
        return found

    def find(self, name: str, version: str | None = None) -> InstalledModule:
        """Return the module called ``name``: its newest version, or the given one (``1.0`` finds ``1.0.0``).

        Raises:
            ModuleNotInstalledError: it is not there; the message says what is.
            RegistryError: it is there but damaged.
        """
        package = package_name(name)
        versions = self._versions(package) if package else []
        if package is None or not versions:
            raise ModuleNotInstalledError(self._unknown(name))
        wanted = versions[-1] if version is None else matching(version, versions)
        if wanted is None:
            raise ModuleNotInstalledError(
                f"{name}=={version} is not installed. Installed versions of {name}: {', '.join(versions)}. "
                f"Use one of them, or install the folder of that version: hub install DIR"
            )
        return self._read(package, wanted)

    def location(self, module: InstalledModule) -> Path:
        """Return the path of a module's folder through the symlink, which survives a reinstallation."""
        package = module.info.package
        return self.layout.modules / package / module.info.version / package

    def acquire(self, name: str, version: str | None = None) -> tuple[InstalledModule, int]:
        """Find a module and keep its files until the returned descriptor is closed.

        A module that is replaced between finding and holding is found again.
        """
        for _ in range(10):
            module = self.find(name, version)
            with contextlib.suppress(FileNotFoundError):
                return module, hold(module.content)
        raise RegistryError(f"{name} keeps being replaced by another process; try again when that is done")

    def install(
        self,
        directory: str | Path,
        *,
        info: ModuleInfo | None = None,
        progress: Progress | None = None,
        import_timeout: float = 120.0,
        origin: str | None = None,
        isolated: bool = False,
        wheels: Path | None = None,
        bundled: bool = False,
    ) -> InstalledModule:
        """Install a module's folder; the same version is replaced, other versions stay.

        Args:
            directory: the folder that holds ``module.py``. It is copied.
            info: what the module declares, where that has been read already.
            progress: is told what goes on.
            import_timeout: seconds that importing the module may take.
            origin: where the folder came from, if it was unpacked or downloaded; for messages and the record.
            isolated: give the module a Python environment of its own, with its requirements.
            wheels: a folder to take those requirements from instead of an index.
            bundled: it comes with HubServing, and was asked for by its name.

        Raises:
            InvalidModuleError: it is not a module, or cannot be imported.
            RegistryError: the registry cannot be written.
        """
        from hub.registry.store.import_check import try_import

        source = Path(directory).expanduser().absolute()
        info = info or read_module_info(source)
        progress = progress or Silent()
        with (
            Transaction(self.layout, info.package, progress) as transaction,
            progress.task(f"Installing {info.name}-{info.version}"),
        ):
            staged = transaction.stage(
                source, info, origin=origin or str(source), isolated=isolated, bundled=bundled
            )
            interpreter = None
            folder = staged / info.package
            if isolated:
                from hub.registry.store.environment import build

                interpreter = build(staged, folder, name=info.name, wheels=wheels, progress=progress)
            shown_as = Path(origin.rpartition("://")[2]) if origin else source
            found = try_import(folder, shown_as=shown_as, timeout=import_timeout, interpreter=interpreter)
            transaction.publish(staged, info.version)
        content = staged.resolve()
        return InstalledModule(info, content / info.package, content, found.note)

    def uninstall(self, name: str, version: str | None = None) -> None:
        """Remove one version, or all of them; what a running server uses stays on disk until it ends.

        Raises:
            ModuleNotInstalledError: there is nothing to remove.
        """
        package = package_name(name)
        if package is None or not self._versions(package):
            raise ModuleNotInstalledError(f"{name} is not installed")
        with Transaction(self.layout, package, Silent()) as transaction:
            # Read under the lock: another uninstall may have been faster.
            versions = self._versions(package)
            for wanted in versions if version is None else [matching(version, versions)]:
                if wanted is None:
                    raise ModuleNotInstalledError(
                        f"{name}=={version} is not installed. Installed: {', '.join(versions) or 'none'}"
                    )
                transaction.withdraw(wanted)

    def _packages(self) -> Iterator[str]:
        if self.layout.modules.is_dir():
            yield from sorted(filter(package_name, (entry.name for entry in self.layout.modules.iterdir())))

    def _versions(self, package: str) -> Versions:
        """Return installed versions, oldest first."""
        try:
            entries = [entry.name for entry in (self.layout.modules / package).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise RegistryError(f"the registry {self.layout.home} cannot be read: {error}") from error
        return oldest_first([entry for entry in entries if not entry.startswith(".")])

    def _read(self, package: str, version: str) -> InstalledModule:
        """Resolve a version's symlink and read what is recorded behind it."""
        link = self.layout.modules / package / version
        content: Path | None = None
        while content != (content := link.resolve()):
            # A second round only where the link has changed meanwhile: it was being replaced.
            directory = content / package
            if (directory / "module.py").is_file():
                with contextlib.suppress(OSError, InvalidModuleError):
                    info = _recorded(content) or read_module_info(directory)
                    return InstalledModule(info, directory, content)
        raise RegistryError(
            f"{package} {version} is damaged: {link} leads to {content}, which cannot be read. "
            f"Install it again, or remove it: hub uninstall {package}=={version}"
        )

    def _unknown(self, name: str) -> str:
        installed = [package for package in self._packages() if self._versions(package)]
        message = f"{name} is not installed.{did_you_mean(name, installed)}"
        if (advice := bundled.install_hint(name)) is not None:
            return f"{message} {advice}"
        if not beginning_with(name, installed) and (begun := beginning_with(name, bundled.folders())):
            return f"{message} Names that begin so: {', '.join(begun)} (hub install NAME)"
        if Path(name).is_dir():
            return f"{message} It is a folder: install it with: hub install {name}/"
        message += f" Installed in {self.layout.home}: {', '.join(installed) or 'nothing'}."
        return f"{message} Install a module's folder with: hub install DIR"


def _recorded(content: Path) -> ModuleInfo | None:
    """Read what was written at installation; None sends the caller to the source."""
    try:
        record = json.loads((content / RECORD).read_bytes())
        given = {key: value for key, value in record["info"].items() if key in _FIELDS}
        return ModuleInfo(**{**given, "weights": tuple(given.get("weights", ()))})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        log.warning("%s cannot be read; reading the module's source instead", content / RECORD)
        return None


def oldest_first(versions: list[str]) -> list[str]:
    """Sort versions, by PEP 440 where they follow it."""
    return sorted(versions, key=version_key) if len(versions) > 1 else versions


def version_key(version: str) -> tuple[Any, ...]:
    """Return the key that sorts versions by PEP 440; those that do not follow it come first."""
    with contextlib.suppress(ImportError, ValueError):  # a module's own environment need not have packaging
        from packaging.version import Version

        return (1, Version(version))
    return (0, [int(digits) for digits in re.findall(r"\d+", version)], version)


def matching(wanted: str, versions: list[str]) -> str | None:
    """Return the version that is meant, also in another spelling: 1.0 for 1.0.0."""
    if wanted in versions:
        return wanted
    key = version_key(wanted)
    return next((each for each in versions if key[0] == 1 and version_key(each) == key), None)
