"""The modules that can be installed by name: the bundled ones, then those of the configured indexes.

The bundled ones are looked at first and need no network; an index is asked for other names and versions only.
So an index that is down hinders nobody who wants ``lac``, and nobody's index replaces it unasked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.errors import ModuleNotInstalledError
from hub.module.info import ModuleInfo
from hub.registry.local import matching, oldest_first, version_key
from hub.registry.sources import bundled, index
from hub.registry.sources.pip_download import without_password
from hub.registry.sources.specifier import Address, Named, closest_here
from hub.suggestion import beginning_with, closest

#: Where a module is that comes with HubServing; no index has such an address.
_BUNDLED: Final = "bundled"


@dataclass(frozen=True)
class Offered:
    """A module that can be installed by name.

    Attributes:
        where: the index that has it, without a password, or ``bundled``.
        source: its folder, or an archive of an index.
        sha256: of that archive; None for a folder.
    """

    info: ModuleInfo
    where: str
    source: Path | Address
    sha256: str | None = None

    @property
    def is_bundled(self) -> bool:
        return self.where == _BUNDLED


def bundled_modules() -> list[Offered]:
    """Return the modules that come with HubServing."""
    return [Offered(info, _BUNDLED, folder) for info, folder in bundled.infos()]


def indexed(location: str) -> list[Offered]:
    """Return the modules of one index.

    Raises:
        NetworkError, ConfigError: it cannot be read.
    """
    where, found = without_password(location), []
    for each in index.read(location):
        source = Address(each.archive, each.sha256) if "://" in each.archive else Path(each.archive)
        info = ModuleInfo(each.name, each.version, each.summary, each.author, type=each.type)
        found.append(Offered(info, where, source, each.sha256))
    return sorted(found, key=lambda each: (each.info.name, version_key(each.info.version)))


def find(named: Named, indexes: Sequence[str]) -> Offered:
    """Return what ``hub install NAME`` installs.

    Raises:
        ModuleNotInstalledError: nobody offers it; the message says what there is, or why it cannot be.
        NetworkError, ConfigError: an index that had to be asked cannot be read.
    """
    seen: list[Offered] = []
    for offered in _places(indexes):
        seen += offered
        versions = {each.info.version: each for each in offered if each.info.package == named.package}
        ordered = oldest_first(list(versions))
        if ordered and (version := matching(named.version or ordered[-1], ordered)) is not None:
            return versions[version]
    raise ModuleNotInstalledError(_not_offered(named, seen))


def _places(indexes: Sequence[str]) -> Iterator[list[Offered]]:
    yield bundled_modules()
    for location in indexes:
        yield indexed(location)


def _not_offered(named: Named, seen: list[Offered]) -> str:
    message = f"There is no module {named}."
    if versions := [each.info.version for each in seen if each.info.package == named.package]:
        return f"{message} There is {named.name} in version {', '.join(dict.fromkeys(versions))}"
    if named.package in bundled.UNAVAILABLE:
        return f"{message} {bundled.unavailable_reason(named.package)}"
    names = dict.fromkeys(each.info.name for each in seen)
    if len(begun := beginning_with(named.name, names)) > 1:
        return f"{message} Names that begin so: {', '.join(begun)} (hub install NAME)"
    if near := closest_here(named.name) or closest(named.name, names):
        return f"{message} Did you mean: hub install {near}"
    return (
        f"{message} By name there are: {', '.join(names) or 'none'}. A module of your own is installed "
        "from its folder or archive: hub install DIR"
    )
