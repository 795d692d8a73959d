"""``hub check`` up to the trial call: mistakes in a module's folder, before anybody installs or serves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.errors import HubError
from hub.module.info import ModuleInfo, read_module_info
from hub.registry import requirements, weights
from hub.registry.store.import_check import try_import

IMPORT_SECONDS = 120.0


@dataclass(frozen=True)
class Report:
    """The findings of one folder.

    Attributes:
        info: what ``@moduleinfo`` says; None where that cannot be read.
        problems: what keeps it from being installed or served, each with what to do.
        notes: what is worth knowing.
        example: arguments for a trial call, if the module tells any.
    """

    info: ModuleInfo | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    example: Mapping[str, Any] | None = None


def check(folder: Path) -> Report:
    """Look at a module's folder as ``hub install`` does, and tell all that is found, not only the first."""
    try:
        info = read_module_info(folder)
    except HubError as error:
        return Report(None, problems=(str(error),))
    problems = [*_requirements(folder), *_weights(info)]
    try:
        found = try_import(folder.absolute(), shown_as=folder, timeout=IMPORT_SECONDS)
    except HubError as error:
        return Report(info, problems=(*problems, str(error)))
    notes: list[str] = []
    if found.method is None:
        where = notes if found.runnable else problems
        where.append(f"{found.note}. Mark the method that requests call: @serving, from hub.module")
    elif found.example is None:
        notes.append(
            f"no trial call: {found.method} tells no example. Give one: @serving(example={{…}}), or JSON in "
            "a section Example: of its docstring"
        )
    notes += [
        f"the argument {name} of {found.method} is not checked: its annotation is none of JSON's types. "
        "doc/contract.md lists those that are"
        for name in found.unchecked
    ]
    return Report(info, tuple(problems), tuple(notes), found.example)


def _requirements(folder: Path) -> list[str]:
    try:
        missing = requirements.unmet(folder)
    except HubError as error:
        return [str(error)]
    return [f"{requirements.FILE}: {each}. Install it: pip install '{each.requirement}'" for each in missing]


def _weights(info: ModuleInfo) -> list[str]:
    problems = []
    for name in info.weights:
        try:
            weights.entry(name)
        except HubError as error:
            problems.append(str(error))
    return problems
