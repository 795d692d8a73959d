"""Third-party packages that a module imports and that are not installed: all of them in one error.

The files that ``module.py`` reaches are read, not run. An import inside a function or in a ``try`` that
catches ImportError is not required: the module may never come to it.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.compat.importing.sibling_imports import installed_folder
from hub.errors import InvalidModuleError

#: Imported as → installed as, where the two differ.
_DISTRIBUTIONS: Final = {
    "Crypto": "pycryptodome",
    "IPython": "ipython",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "fitz": "pymupdf",
    "google": "protobuf",
    "paddle": "paddlepaddle",
    "pkg_resources": "setuptools<81",
    "ruamel": "ruamel.yaml",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
#: Folders of a PaddleOCR checkout, which are packages only for who works in it.
_CHECKOUT: Final = frozenset({"tools", "ppocr", "ppstructure", "deploy"})


@dataclass(frozen=True)
class Import:
    """One import: ``paddle.nn`` for ``import paddle.nn``; ``needed`` when loading the module runs it."""

    name: str
    needed: bool

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


def check(folder: Path) -> None:
    """Refuse a module that needs for loading what is not here.

    Raises:
        InvalidModuleError: all that is missing, with the command that installs it.
    """
    needed = [each for each in imports(folder) if each.needed]
    problems = [*_fluid(needed), *_checkout_folders(needed), *_packages(needed, folder)]
    if problems:
        raise InvalidModuleError(f"{folder / 'module.py'} does not import: it {'; and it '.join(problems)}")


def _fluid(needed: Iterable[Import]) -> Iterator[str]:
    uses_fluid = any(each.name.startswith("paddle.fluid") for each in needed)
    if uses_fluid and not _is_absent("paddle") and _is_absent("paddle.fluid"):
        yield (
            "uses paddle.fluid, which Paddle dropped in version 2.5: rewrite it for paddle.static or "
            "paddle.inference"
        )


def _checkout_folders(needed: Iterable[Import]) -> Iterator[str]:
    absent = {each.top for each in needed if each.top in _CHECKOUT and not _is_visible(each.name)}
    if absent:
        yield (
            f"needs {', '.join(sorted(absent))}, folders of a PaddleOCR checkout: run the command in that "
            "checkout's top folder"
        )


def _packages(needed: Iterable[Import], folder: Path) -> Iterator[str]:
    tops = {each.top for each in needed} - _CHECKOUT
    packages = [_DISTRIBUTIONS.get(top, top) for top in sorted(tops) if _is_missing(top, folder)]
    if packages:
        command = " ".join(repr(each) if "<" in each else each for each in packages)
        yield (
            f"needs packages that are not installed: {', '.join(packages)}. "
            f"Install them with: pip install {command}"
        )


def imports(folder: Path) -> set[Import]:
    """Return what the files that ``module.py`` reaches import, without what is in the folder itself."""
    found: set[Import] = set()
    waiting, seen = [folder / "module.py", folder / "__init__.py"], set()
    while waiting:
        file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        for each in _imports_of(file, folder):
            own_files = _own_files(each.name, folder)
            waiting += own_files
            if not own_files:
                found.add(each)
    return found


def _imports_of(file: Path, folder: Path) -> Iterator[Import]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # importing it will say so, with the line
        return
    for node, needed in _statements(tree, needed=True):
        module = _absolute(node, file, folder) if isinstance(node, ast.ImportFrom) else ""
        if module:
            yield Import(module, needed)
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, needed) for alias in node.names)
        elif module and module.partition(".")[0] == folder.name:  # what it imports may be files of the module
            yield from (Import(f"{module}.{alias.name}", needed) for alias in node.names)


def _statements(node: ast.AST, *, needed: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield every import statement below a node, and whether loading the file runs it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, needed
        else:
            yield from _statements(child, needed=needed and _runs_at_import(child))


def _runs_at_import(node: ast.AST) -> bool:
    """Tell functions, ``try`` and what only ``__main__`` or a type checker comes to from all else."""
    if isinstance(node, ast.If):
        return not any(
            isinstance(part, ast.Name) and part.id in ("__name__", "TYPE_CHECKING")
            for part in ast.walk(node.test)
        )
    return not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try))


def _absolute(node: ast.ImportFrom, file: Path, folder: Path) -> str | None:
    """Return the module of a from-import by its full name; None where dots lead out of the folder."""
    if not node.level:
        return node.module
    package = [folder.name, *file.parent.relative_to(folder).parts]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])]) if base else None


def _own_files(name: str, folder: Path) -> list[Path]:
    """Return the module's own files behind a dotted name; none for what is not the module's."""
    parts = name.split(".")
    if parts[0] != folder.name:
        return []
    steps = [folder.joinpath(*parts[1:end]) for end in range(1, len(parts) + 1)]
    return [file for step in steps for file in (step / "__init__.py", step.with_suffix(".py"))]


def _is_missing(top: str, folder: Path) -> bool:
    if top in sys.stdlib_module_names or top in ("paddlehub", "hub", folder.name):
        return False
    if _holds(Path.cwd(), top):  # modules put "." on sys.path themselves
        return False
    if any(folder.rglob(f"{top}.py")) or any(folder.rglob(f"{top}/")):  # it may put a folder of its own there
        return False
    return _is_absent(top) and installed_folder(top) is None


def _is_visible(name: str) -> bool:
    """Tell whether a checkout's folder can be imported; another package of that name does not count."""
    top, *inside = name.split(".")[:2]
    if _holds(Path.cwd(), top):
        places = [str(Path.cwd() / top)]
    else:
        spec = None if _is_absent(top) else importlib.util.find_spec(top)
        places = list(spec.submodule_search_locations or []) if spec else []
    return bool(places) and all(any(_holds(Path(place), part) for place in places) for part in inside)


def _holds(place: Path, top: str) -> bool:
    return (place / top).is_dir() or (place / f"{top}.py").is_file()


def _is_absent(name: str) -> bool:
    if name in sys.modules:
        return False
    try:
        return importlib.util.find_spec(name) is None
    except (ImportError, ValueError):
        return True
