"""What can be installed by name: what comes along, then what the configured indexes offer.

What comes along is looked at first and needs no network; an index is asked for names and versions that do
not come along. So an index that is down hinders nobody who wants ``lac``, and nobody's index replaces it
unasked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ModuleNotInstalledError
from hub.registry.local import matching, oldest_first, version_key
from hub.registry.sources import bundled, index
from hub.registry.sources.specifier import Named, closest_here
from hub.suggestion import closest


@dataclass(frozen=True)
class Shipped:
    """A module that comes along, in this folder."""

    name: str
    version: str
    summary: str
    type: str
    folder: Path
    where: str = "comes along"


@dataclass(frozen=True)
class Indexed:
    """A module that an index has."""

    name: str
    version: str
    summary: str
    type: str
    offer: index.Offer

    @property
    def where(self) -> str:
        from hub.registry.sources.pip_download import without_password

        return without_password(self.offer.index)


Offered = Shipped | Indexed


def come_along() -> list[Offered]:
    """The modules that come with HubServing."""
    return [Shipped(info.name, info.version, info.summary, info.type, path) for info, path in bundled.infos()]


def indexed(location: str) -> list[Offered]:
    """The modules of one index.

    Raises:
        NetworkError, ConfigError: it cannot be read.
    """
    found = [(offer.module, offer) for offer in index.offers(location)]
    return [
        Indexed(module.name, module.version, module.summary, module.type, offer)
        for module, offer in sorted(found, key=lambda pair: (pair[0].name, version_key(pair[0].version)))
    ]


def find(named: Named, indexes: Sequence[str]) -> Offered:
    """What ``hub install NAME`` installs.

    Raises:
        ModuleNotInstalledError: nobody offers it; the message says what there is, or why it cannot be.
        NetworkError, ConfigError: an index that had to be asked cannot be read.
    """
    seen: list[Offered] = []
    for offered in _places(indexes):
        seen += offered
        if chosen := _choose(named, offered):
            return chosen
    raise ModuleNotInstalledError(_nobody(named, seen))


def _places(indexes: Sequence[str]) -> Iterator[list[Offered]]:
    yield come_along()
    for location in indexes:
        yield indexed(location)


def _choose(named: Named, offered: list[Offered]) -> Offered | None:
    package = named.name.replace("-", "_")
    versions = {each.version: each for each in offered if each.name.replace("-", "_") == package}
    if not versions:
        return None
    ordered = oldest_first(list(versions))
    version = ordered[-1] if named.version is None else matching(named.version, ordered)
    return versions[version] if version is not None else None


def _nobody(named: Named, seen: list[Offered]) -> str:
    package = named.name.replace("-", "_")
    message = f"No HubModule named {str(named).replace('==', '-')} was found."
    versions = [each.version for each in seen if each.name.replace("-", "_") == package]
    if versions:
        return f"{message} There is {named.name} in version {', '.join(dict.fromkeys(versions))}"
    if package in bundled.UNAVAILABLE:
        return f"{message} {bundled.why_unavailable(package)}"
    names = dict.fromkeys(each.name for each in seen)
    if near := closest_here(named.name) or closest(named.name, names):
        return f"{message} Did you mean: hub install {near}"
    return (
        f"{message} By name there are: {', '.join(names) or 'none'}. A module of your own is installed "
        "from its folder or archive: hub install DIR"
    )
