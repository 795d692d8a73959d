"""Lets a module import from other installed modules by name, as if all were side by side in MODULE_HOME."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from hub.compat.importing.patching_loader import files
from hub.errors import HubError


def installed_folder(package: str) -> Path | None:
    """Return the folder of a module's newest installed version, or None; its files stay while we run."""
    from hub.registry.resolve import installed

    try:
        return installed(package, None)
    except HubError:
        return None


class SiblingFinder(importlib.abc.MetaPathFinder):
    """Is asked last, for top-level names that no other finder has found."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if path is not None or not fullname.isidentifier():
            return None
        folder = installed_folder(fullname)
        if folder is None:
            return None
        files.add(folder)
        return importlib.machinery.PathFinder.find_spec(fullname, [str(folder.parent)], target)


finder: Final = SiblingFinder()


def switch(*, on: bool) -> None:
    """Turn imports of installed modules by name on or off."""
    if on and finder not in sys.meta_path:
        sys.meta_path.append(finder)
    elif not on and finder in sys.meta_path:
        sys.meta_path.remove(finder)
