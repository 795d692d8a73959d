"""Third-party packages that a module imports and that are not installed: all of them in one error.

The files that ``module.py`` reaches are read, not run. An import inside a function or in a ``try`` that
catches ImportError is not required: the module may never come to it.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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
    """Raise InvalidModuleError if packages that loading needs are missing."""
    found = imports(folder)
    uses_fluid = any(each.needed and each.name.startswith("paddle.fluid") for each in found)
    if uses_fluid and not _is_absent("paddle") and _is_absent("paddle.fluid"):
        raise InvalidModuleError(
            f"{folder / 'module.py'} does not import: it uses paddle.fluid, which Paddle dropped in "
            "version 2.5. It has to be rewritten for paddle.static or paddle.inference"
        )
    needed = {each for each in found if each.needed}
    checkout = sorted({each.top for each in needed if each.top in _CHECKOUT and not _in_sight(each.name)})
    others = {each.top for each in needed} - _CHECKOUT
    missing = sorted(top for top in others if _is_missing(top, folder))
    if not missing and not checkout:
        return
    packages = [_DISTRIBUTIONS.get(name, name) for name in missing]
    message = f"{folder / 'module.py'} does not import: it needs "
    if checkout:
        message += (
            f"{', '.join(checkout)}, folders of a PaddleOCR checkout: run the command in that checkout's "
            "top folder" + ("; and " if packages else "")
        )
    if packages:
        message += (
            f"packages that are not installed: {', '.join(packages)}. "
            f"Install them with: pip install {' '.join(repr(p) if '<' in p else p for p in packages)}"
        )
    raise InvalidModuleError(message)


def imports(folder: Path) -> set[Import]:
    """What the files that ``module.py`` reaches import, without what lies in the folder itself."""
    found: set[Import] = set()
    waiting, seen = [folder / "module.py", folder / "__init__.py"], set()
    while waiting:
        file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):  # importing it will say so, with the line
            continue
        for each in _imports_in(tree.body, file, folder, needed=True):
            inside = _inside(each.name, folder)
            if inside:
                waiting += inside
            else:
                found.add(each)
    return found


def _imports_in(body: list[ast.stmt], file: Path, folder: Path, *, needed: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, needed)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file, folder)
            if module:
                yield Import(module, needed)
                if module.partition(".")[0] == folder.name:  # may name files of the module
                    for alias in node.names:
                        yield Import(f"{module}.{alias.name}", needed)
        else:
            within = needed and _runs_at_import(node)
            for name in ("body", "orelse", "finalbody"):
                yield from _imports_in(getattr(node, name, []), file, folder, needed=within)
            for handler in getattr(node, "handlers", []):
                yield from _imports_in(handler.body, file, folder, needed=False)


def _runs_at_import(node: ast.stmt) -> bool:
    """False for functions, for ``try`` and for what only ``__main__`` or a type checker comes to."""
    if isinstance(node, ast.If):
        return not any(
            isinstance(part, ast.Name) and part.id in ("__name__", "TYPE_CHECKING")
            for part in ast.walk(node.test)
        )
    return not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Try))


def _absolute(node: ast.ImportFrom, file: Path, folder: Path) -> str | None:
    """The module of a from-import by its full name; None where dots lead out of the folder."""
    if not node.level:
        return node.module
    package = [folder.name, *file.parent.relative_to(folder).parts]
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])]) if base else None


def _inside(name: str, folder: Path) -> list[Path]:
    """The module's own files behind a dotted name; empty for what is not the module's."""
    parts = name.split(".")
    if parts[0] != folder.name:
        return []
    steps = [folder.joinpath(*parts[1:end]) for end in range(1, len(parts) + 1)]
    return [file for step in steps for file in (step / "__init__.py", step.with_suffix(".py"))]


def _is_missing(top: str, folder: Path) -> bool:
    if top in sys.stdlib_module_names or top in ("paddlehub", "hub", folder.name):
        return False
    if _lies_in(Path.cwd(), top):  # modules put "." on sys.path themselves
        return False
    if any(folder.rglob(f"{top}.py")) or any(folder.rglob(f"{top}/")):  # it may put a folder of its own there
        return False
    from hub.compat.importing.sibling_imports import installed_folder

    return _is_absent(top) and installed_folder(top) is None


def _in_sight(name: str) -> bool:
    """Whether a checkout's folder can be imported; a package that is only called the same does not count."""
    top, *inside = name.split(".")[:2]
    if not _lies_in(Path.cwd(), top):
        spec = None if _is_absent(top) else importlib.util.find_spec(top)
        places = list(spec.submodule_search_locations or []) if spec else []
    else:
        places = [str(Path.cwd() / top)]
    return bool(places) and all(any(_lies_in(Path(place), part) for place in places) for part in inside)


def _lies_in(place: Path, top: str) -> bool:
    return (place / top).is_dir() or (place / f"{top}.py").is_file()


def _is_absent(name: str) -> bool:
    if name in sys.modules:
        return False
    try:
        return importlib.util.find_spec(name) is None
    except (ImportError, ValueError):
        return True
