"""The import hook that patches the files below a module's folder; all other files load as before."""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from hub.compat.importing import source_fixes

log = logging.getLogger("hub.compat")


@dataclass
class ModuleFolder:
    """A module whose files are patched, and what has been: ``numpy.int`` → ``["module.py:12"]``."""

    path: str
    changes: dict[str, list[str]] = field(default_factory=dict)
    was_reported: bool = False
    depth: int = 0

    @property
    def package(self) -> str:
        return os.path.basename(self.path)  # noqa: PTH119 - compared with sys.path's strings

    def holds(self, path: str) -> bool:
        return path == self.path or path.startswith(self.path + os.sep)

    def report(self) -> None:
        """Log once what was patched."""
        if self.changes and not self.was_reported:
            self.was_reported = True
            log.warning(
                "module %s was written for older libraries; patched in memory, its files are untouched: %s",
                self.package,
                "; ".join(f"{name} ({', '.join(_few(places))})" for name, places in self.changes.items()),
            )


def _few(places: list[str], most: int = 4) -> list[str]:
    return places if len(places) <= most else [*places[:most], f"{len(places) - most} more"]


class PatchingLoader(importlib.machinery.SourceFileLoader):
    """Compiles a patched syntax tree. Bytecode is neither read nor written: it is the original's."""

    def __init__(self, fullname: str, path: str, folder: ModuleFolder) -> None:
        super().__init__(fullname, path)
        self._folder = folder

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        patched = source_fixes.patch(self.get_data(path), path, lacks)
        place = os.path.relpath(path, self._folder.path)
        for name, line in patched.changes:
            self._folder.changes.setdefault(name, []).append(f"{place}:{line}")
        code: CodeType = compile(patched.tree, path, "exec", dont_inherit=True)
        return code


@functools.cache
def lacks(library: str, name: str) -> bool:
    """Tell whether an installed library lacks a name; False for a library that is not installed."""
    try:
        module = importlib.import_module(library)
    except ImportError:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns about deprecated names
        return not hasattr(module, name)


class ModuleFiles(importlib.abc.MetaPathFinder):
    """Finds the files of registered folders, as Python would, and has them patched."""

    def __init__(self) -> None:
        self._folders: dict[str, ModuleFolder] = {}

    def add(self, path: Path) -> ModuleFolder:
        """Patch the files below ``path`` from now on."""
        return self._folders.setdefault(str(path), ModuleFolder(str(path)))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not self._concerns(fullname, path):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or type(spec.loader) is not importlib.machinery.SourceFileLoader:
            return spec
        origin = os.path.realpath(spec.origin or "")
        for folder in self._folders.values():
            if folder.holds(origin):
                spec.loader = PatchingLoader(fullname, spec.loader.path, folder)
        return spec

    def _concerns(self, fullname: str, path: Sequence[str] | None) -> bool:
        """Tell whether an import may lead into one of the folders; quick, as every import asks."""
        packages = {folder.package for folder in self._folders.values()}
        if fullname.partition(".")[0] in packages:
            return True
        entries = sys.path if path is None else path
        return any(
            folder.holds(entry if os.path.isabs(entry) else os.path.abspath(entry))  # noqa: PTH100, PTH117
            for entry in entries
            if isinstance(entry, str)
            for folder in self._folders.values()
        )


files: Final[Any] = ModuleFiles()
