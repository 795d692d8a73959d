"""Describe a module without importing it, for ``hub show``."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from hub.errors import ModuleNotInstalledError
from hub.module.info import ModuleInfo, read_module_info
from hub.registry import weights
from hub.registry.local import LocalRegistry
from hub.registry.store.environment import interpreter_of


@dataclass(frozen=True)
class Description:
    """A module, installed or only a folder.

    Attributes:
        info: what it declares.
        location: the folder with ``module.py``; of an installed module the path that stays the same.
        installed: False for a folder that is not in the registry.
        serving: name of the method behind ``POST /predict/<name>``, or None where ``module.py``
            itself marks none (it may still inherit one).
        weights: every declared weights name, and where it is (None: not fetched).
        interpreter: the Python of its own environment, if it has one.
    """

    info: ModuleInfo
    location: Path
    installed: bool
    serving: str | None
    weights: dict[str, Path | None]
    interpreter: Path | None


def describe(what: str, registry: LocalRegistry) -> Description:
    """Describe ``NAME``, ``NAME==VERSION`` or a folder; a name that is installed comes first.

    Raises:
        ModuleNotInstalledError: no such module, and no such folder.
        InvalidModuleError: the folder is not a module.
    """
    name, _, version = what.partition("==")
    module = None
    if "/" not in what and what not in {".", ".."}:
        try:
            module = registry.find(name, version or None)
        except ModuleNotInstalledError:
            if not Path(what).is_dir():
                raise
    folder = registry.location(module) if module else Path(what).expanduser().absolute()
    info = module.info if module else read_module_info(folder)
    home, known = registry.layout.home, weights.names()
    return Description(
        info,
        folder,
        installed=module is not None,
        serving=_serving_method(folder / "module.py"),
        weights={name: weights.lookup(name, home) if name in known else None for name in info.weights},
        interpreter=interpreter_of(module.content) if module else None,
    )


def _serving_method(source: Path) -> str | None:
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):  # edited where it is installed; the rest can still be shown
        return None
    for node in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)):
        for decorator in node.decorator_list:
            if ast.unparse(decorator).partition("(")[0].rpartition(".")[2] == "serving":
                return node.name
    return None
