"""``hub verify``: compare the files of an installed module with those that were installed."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hub.errors import RegistryError
from hub.registry import weights
from hub.registry.local import InstalledModule, LocalRegistry
from hub.registry.store import checksums
from hub.registry.store.environment import interpreter_of
from hub.registry.store.layout import RECORD


@dataclass(frozen=True)
class Verdict:
    """The result for one installed module.

    Attributes:
        module: the module.
        files: how many were looked at.
        problems: a line for each file, weight or package that is not as it should be; empty if all is well.
    """

    module: InstalledModule
    files: int
    problems: tuple[str, ...]


def verify(module: InstalledModule, registry: LocalRegistry) -> Verdict:
    """Compare a module's files with the checksums in its record, and its weights with the catalogue."""
    found = checksums.of_folder(module.directory)
    try:
        recorded: dict[str, str] = json.loads((module.content / RECORD).read_bytes())["files"]
    except (OSError, ValueError, KeyError):
        problems = ["no checksums were recorded when it was installed; install it again to have them"]
    else:
        problems = checksums.compare(recorded, found)
    try:
        interpreter_of(module.content)
    except RegistryError as error:
        problems.append(str(error))
    count, known = len(found), weights.names()
    for name in module.info.weights:
        if name not in known:
            problems.append(f"weights {name}: not in the catalogue")
        elif weights.lookup(name, registry.layout.home) is None:
            problems.append(f"weights {name}: not fetched, or incomplete; hub weights fetch {name}")
        else:
            count += len(weights.entry(name).files)
            problems += [f"weights {name}: {line}" for line in weights.verify(name, registry.layout.home)]
    return Verdict(module, count, tuple(problems))
