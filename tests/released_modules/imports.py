"""Find the names of ``hub`` that a module's files import or use."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any


def names_in(folder: Path) -> set[str]:
    """Return the dotted names that the Python files of ``folder`` use, such as ``hub.errors.ConfigError``."""
    return {name for path in folder.rglob("*.py") for name in _names_in_file(ast.parse(path.read_bytes()))}


def attributes_in(folder: Path) -> set[str]:
    """Return every word that stands behind a dot in the Python files of ``folder``."""
    trees = (ast.parse(path.read_bytes()) for path in folder.rglob("*.py"))
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def resolve(name: str) -> Any:
    """Return what a dotted name stands for.

    Raises:
        ImportError: a module of the path is gone.
        AttributeError: the name is gone from its module.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        parent, _, last = name.rpartition(".")
        if not parent or not name.startswith(str(error.name)):
            raise
        return getattr(resolve(parent), last)


def _names_in_file(tree: ast.Module) -> set[str]:
    bound: dict[str, str] = {}  # the name in the file, and what of hub it stands for
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_of_hub(node.module):
            bound |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _is_of_hub(alias.name):
                    bound[alias.asname or "hub"] = alias.name if alias.asname else "hub"
    modules = {local: name for local, name in bound.items() if isinstance(resolve(name), ModuleType)}
    used = {
        f"{modules[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    return set(bound.values()) | used


def _is_of_hub(module: str | None) -> bool:
    return module is not None and module.split(".")[0] == "hub"
