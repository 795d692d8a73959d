"""Makes ``import paddlehub`` find our names: always as ``hub.compat.paddlehub``, as ``paddlehub`` on demand.

A module's files are rewritten to import the first, which nobody else uses, so that a late import finds it
too. The second is for other code that imports paddlehub in a runner, such as PaddleOCR's own folders. In a
script of the user's it stays what it was.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import logging
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final

from hub.compat.importing.name_table import NAMES

log = logging.getLogger("hub.compat")

PREFIX: Final = "hub.compat."
#: Where the files of the name table are.
_API: Final = "hub.compat.paddlehub_api."
_facades: dict[str, Facade] = {}


class Facade(ModuleType):
    """One Python module of PaddleHub: its names, fetched from where they are when asked for."""

    def __init__(self, paddlehub_name: str) -> None:
        super().__init__(PREFIX + paddlehub_name, f"HubServing's answer to {paddlehub_name}.")
        self.__dict__["_name"] = paddlehub_name
        self.__path__: list[str] = []
        self.__all__ = sorted(name for name in NAMES[paddlehub_name] if not name.startswith("_"))

    def __getattr__(self, name: str) -> Any:
        own: str = self.__dict__["_name"]
        if name in NAMES[own]:
            file, _, attribute = NAMES[own][name].partition(":")
            return getattr(importlib.import_module(file if file == "hub" else _API + file), attribute)
        if f"{own}.{name}" in NAMES:
            return importlib.import_module(f"{PREFIX}{own}.{name}")
        raise AttributeError(
            f"HubServing has no {own}.{name}; its names of PaddleHub are those that serving needs"
        )


class FacadeFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds facades under their own name; also as ``paddlehub`` once that is switched on."""

    #: Switched on in a process that belongs to a module, until it ends.
    answers_paddlehub = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        wanted = fullname.removeprefix(PREFIX)
        if wanted == fullname and not self.answers_paddlehub:
            return None
        if wanted != "paddlehub" and not wanted.startswith("paddlehub."):
            return None
        if wanted not in NAMES:
            raise ModuleNotFoundError(
                f"HubServing has the part of PaddleHub that serving needs; {wanted} is not in it. "
                "For training, data sets and fine-tuning use PaddleHub itself",
                name=wanted,
            )
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        name = spec.name.removeprefix(PREFIX)
        if name not in _facades:
            _facades[name] = Facade(name)
        return _facades[name]

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: a facade fetches its names when they are asked for."""


finder: Final = FacadeFinder()


def install() -> None:
    """Put the finder into place, once. This alone does not change anybody's ``import paddlehub``."""
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


@functools.cache
def log_if_installed() -> None:
    """Log once that PaddleHub itself is installed and not used."""
    spec = importlib.machinery.PathFinder.find_spec("paddlehub")
    if spec is not None:
        log.info(
            "PaddleHub is installed (%s) and not used: HubServing itself answers modules' import paddlehub",
            spec.origin,
        )
