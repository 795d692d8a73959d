"""Third-party packages that a module imports and that are not installed: all of them in one error.

The files that ``module.py`` reaches are read, not run. An import inside a function or in a ``try`` that
catches ImportError is not required: the module may never come to it.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.compat.importing.sibling_imports import installed_folder
from hub.errors import InvalidModuleError

#: Imported as → installed as, where the two differ.
_DISTRIBUTIONS: Final = {
    "Crypto": "pycryptodome",
    "IPython": "ipython",
    "Polygon": "Polygon3",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "fitz": "pymupdf",
    "google": "protobuf",
    "lanms": "lanms-neo",
    "paddle": "paddlepaddle",
    "pkg_resources": "setuptools<81",
    "ruamel": "ruamel.yaml",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
#: Files that PaddleHub's modules have and import from each other by name: ``from lac.processor import …``.
_MODULE_FILES: Final = frozenset({"module", "processor", "data_feed", "label_info"})
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
    missing = [each for each in needed if each.top not in _CHECKOUT and _is_missing(each.top, folder)]
    modules = {each.top for each in missing if _is_module(each, folder)}
    packages = {_DISTRIBUTIONS.get(each.top, each.top) for each in missing if each.top not in modules}
    problems = [*_checkout_folders(needed), *_modules(modules), *_packages(packages)]
    if problems:
        raise InvalidModuleError(f"{folder / 'module.py'} does not import: it {'; and it '.join(problems)}")


def _checkout_folders(needed: Iterable[Import]) -> Iterator[str]:
    absent = {each.top for each in needed if each.top in _CHECKOUT and not _is_visible(each.name)}
    if absent:
        yield (
            f"needs {', '.join(sorted(absent))}, folders of a PaddleOCR checkout: run the command in that "
            "checkout's top folder"
        )


def _modules(names: Iterable[str]) -> Iterator[str]:
    if found := sorted(names):
        yield (
            f"needs other modules that are not installed: {', '.join(found)}. "
            f"Install them first with: hub install {' '.join(found)} (by name, or the path of each folder)"
        )


def _packages(names: Iterable[str]) -> Iterator[str]:
    if found := sorted(names):
        command = " ".join(repr(each) if "<" in each else each for each in found)
        yield (
            f"needs packages that are not installed: {', '.join(found)}. "
            f"Install them with: pip install {command}"
        )


def _is_module(wanted: Import, folder: Path) -> bool:
    """Tell whether what is missing is a module of PaddleHub's, and no package of an index."""
    from hub.registry.sources.bundled import install_hint

    _, _, inside = wanted.name.partition(".")
    if inside.partition(".")[0] in _MODULE_FILES or install_hint(wanted.top):
        return True
    loaded = re.compile(rf"Module\(\s*(?:name\s*=\s*)?['\"]{re.escape(wanted.top)}['\"]")
    return any(loaded.search(file.read_text(errors="replace")) for file in folder.rglob("*.py"))


def imports(folder: Path) -> set[Import]:
    """Return what the files that ``module.py`` reaches import, without what is in the folder itself.

    In a PaddleOCR checkout they reach its files too, which need most of the packages.
    """
    found: set[Import] = set()
    waiting = [(folder.parent, folder / "module.py"), (folder.parent, folder / "__init__.py")]
    seen: set[Path] = set()
    while waiting:
        root, file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        for each in _imports_of(file, root):
            own = [(folder.parent, own) for own in _files_behind(each.name, folder.parent, {folder.name})]
            if each.needed and not own:
                own = [(Path.cwd(), own) for own in _files_behind(each.name, Path.cwd(), _CHECKOUT)]
            if root != folder.parent and _holds(file.parent, each.top):  # it puts its folder on sys.path
                waiting += [(root, own) for own in _files_behind(each.name, file.parent, {each.top})]
                continue
            waiting += own
            if not own:
                found.add(each)
    return found


def _imports_of(file: Path, root: Path) -> Iterator[Import]:
    """Yield the imports of a file below ``root``, which is what its package is found in."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # importing it will say so, with the line
        return
    package = file.parent.relative_to(root).parts
    for node, needed in _statements(tree, needed=True):
        module = _absolute(node, package) if isinstance(node, ast.ImportFrom) else ""
        if module:
            yield Import(module, needed)
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, needed) for alias in node.names)
        elif module and module.partition(".")[0] in {*package[:1], *_CHECKOUT}:
            # Each name that it imports may be a file.
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


def _absolute(node: ast.ImportFrom, package: Sequence[str]) -> str | None:
    """Return the module of a from-import by its full name; None where dots lead out of the root."""
    if not node.level:
        return node.module
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])]) if base else None


def _files_behind(name: str, root: Path, tops: Collection[str]) -> list[Path]:
    """Return the files that importing a dotted name runs, if its first part is one of ``tops`` below root."""
    parts = name.split(".")
    if parts[0] not in tops:
        return []
    steps = [root.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
    files = [file for step in steps for file in (step / "__init__.py", step.with_suffix(".py"))]
    return [file for file in files if file.is_file()]


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
