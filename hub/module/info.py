"""A module's description, read from its source by ``ast``. Nothing is imported or run."""

from __future__ import annotations

import ast
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.errors import InvalidModuleError

#: A module's name is part of a URL, a folder name and a Python package name.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
#: Kept free of separators: a version is a file name in the registry.
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+!_-]*\Z")
_FIELDS = ("name", "version", "summary", "author", "author_email", "type", "weights")
#: The order in which PaddleHub's decorator takes them without their names.
_POSITIONS = ("name", "version", "author", "author_email", "summary", "type")
#: Without these a module cannot be installed; what describes it may also be worked out at run time.
_NEEDED = ("name", "version", "weights")


@dataclass(frozen=True)
class ModuleInfo:
    """The literals of ``@moduleinfo(...)``; ``weights`` are names in the weights catalogue."""

    name: str
    version: str
    summary: str = ""
    author: str = ""
    author_email: str = ""
    type: str = ""
    weights: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def package(self) -> str:
        """Name of the Python package, also of the folder: ``-`` becomes ``_`` as in PaddleHub."""
        return self.name.replace("-", "_")


def read_module_info(directory: str | Path) -> ModuleInfo:
    """Read ``directory/module.py``'s ``@moduleinfo``.

    Raises:
        InvalidModuleError: no folder, no module.py, a syntax error, no ``@moduleinfo`` or a value
            in it that is missing, not a literal or not allowed.
    """
    source = Path(directory) / "module.py"
    if not source.parent.is_dir():
        raise InvalidModuleError(f"{directory} is not a folder")
    if not source.is_file():
        raise InvalidModuleError(f"{directory} is not a module: it has no module.py")
    try:
        tree = ast.parse(source.read_bytes(), filename=str(source))
    except (SyntaxError, ValueError) as error:
        raise InvalidModuleError(f"{source} cannot be read as Python: {error}") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _is_moduleinfo(decorator.func):
                    return _info_from(decorator, source, _constants(tree))
    raise InvalidModuleError(f"{source} has no class marked with @moduleinfo(name=…, version=…)")


def _is_moduleinfo(function: ast.expr) -> bool:
    """Tell whether it is ``moduleinfo``, or an attribute of that name."""
    return ast.unparse(function).rpartition(".")[2] == "moduleinfo"


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Collect the values that the file's top level gives names to: ``VERSION = "1.0.0"``."""
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _info_from(call: ast.Call, source: Path, constants: dict[str, ast.expr]) -> ModuleInfo:
    written = dict(zip(_POSITIONS, call.args, strict=False))
    written |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in _FIELDS}
    given: dict[str, Any] = {}
    for key, node in written.items():
        try:
            given[key] = _literal(node, constants)
        except ValueError as error:
            if key in _NEEDED:
                raise InvalidModuleError(
                    f"{source}:{node.lineno}: @moduleinfo's {key} must be a literal, "
                    "because it is read without running the file"
                ) from error
    values = {key: str(value) for key, value in given.items() if value is not None and key != "weights"}
    for key, pattern in (("name", _NAME), ("version", _VERSION)):
        if key not in values:
            raise InvalidModuleError(f"{source}: @moduleinfo needs {key}=…")
        if not pattern.match(values[key]):
            raise InvalidModuleError(f"{source}: @moduleinfo's {key} {values[key]!r} is not allowed")
    weights = given.get("weights") or ()
    if not isinstance(weights, (list, tuple)) or not all(isinstance(name, str) for name in weights):
        raise InvalidModuleError(f"{source}: @moduleinfo's weights must be a list of names")
    return ModuleInfo(**values, weights=tuple(weights))


def _literal(node: ast.expr, constants: dict[str, ast.expr]) -> Any:
    """Return the value of a literal, of a name for one, or of strings added up; else raise ValueError."""
    if isinstance(node, ast.Name) and node.id in constants:
        return ast.literal_eval(constants[node.id])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _literal(node.left, constants), _literal(node.right, constants)
        if isinstance(left, str) and isinstance(right, str):
            return left + right
    return ast.literal_eval(node)
