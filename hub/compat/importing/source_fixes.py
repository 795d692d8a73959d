"""Replaces what libraries have dropped since a module was written, in its syntax tree. No import, no file.

Only certain names are touched: an attribute is replaced if the part before the dot was imported as the
library, and if the installed library really lacks the attribute. Lines keep their numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

#: Tells whether the installed library lacks a name: ``lacks("numpy", "int")``.
Lacks = Callable[[str, str], bool]

#: Our own functions for what has no successor of the same form.
_OWN: Final = "hub.compat.importing.numpy_names"
_OWN_ALIAS: Final = "__hub_numpy__"


def _renamed(library: str, pairs: str) -> dict[str, tuple[str, str]]:
    """Read ``old=new`` pairs of names that have stayed in their library."""
    return {old: (library, new) for old, _, new in (pair.partition("=") for pair in pairs.split())}


#: library → dropped name → (where its successor is, its name).
SUCCESSORS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "numpy": {
        **{name: ("builtins", name) for name in ("int", "float", "bool", "object", "str", "complex")},
        "long": ("builtins", "int"),
        "unicode": ("builtins", "str"),
        **_renamed(
            "numpy",
            "bool8=bool_ float_=float64 complex_=complex128 int0=intp object0=object_ string_=bytes_ "
            "unicode_=str_ Inf=inf Infinity=inf infty=inf PINF=inf NaN=nan NAN=nan product=prod "
            "cumproduct=cumprod alltrue=all sometrue=any round_=round in1d=isin row_stack=vstack "
            "trapz=trapezoid mat=asmatrix find_common_type=result_type",
        ),
        **{name: (_OWN, name) for name in ("asscalar", "fromstring", "msort")},
    },
    "collections": {
        name: ("collections.abc", name)
        for name in ("Callable", "Iterable", "Iterator", "Mapping", "MutableMapping", "Sequence", "Sized")
    },
    "PIL.Image": _renamed("PIL.Image", "ANTIALIAS=LANCZOS LINEAR=BILINEAR CUBIC=BICUBIC"),
    # The names of Paddle 2.0's beta, which its releases write with a capital D.
    "paddle.nn": {
        f"{old}{size}d": ("paddle.nn", new.format(size))
        for old, new in (
            *((name, name + "{}D") for name in ("Conv", "BatchNorm", "InstanceNorm", "MaxPool", "AvgPool")),
            *((name, name + "{}D") for name in ("AdaptiveAvgPool", "AdaptiveMaxPool")),
            ("ConvTranspose", "Conv{}DTranspose"),
        )
        for size in (1, 2, 3)
    },
}
#: Still there, but no longer for bytes.
_HALF_GONE: Final = {("numpy", "fromstring")}


@dataclass
class Patched:
    """A file's patched syntax tree, and the changes: ``(name, line)``."""

    tree: ast.Module
    changes: list[tuple[str, int]] = field(default_factory=list)


def patch(source: bytes, filename: str, lacks: Lacks) -> Patched:
    """Parse a file and patch it; raise SyntaxError as ``compile`` would."""
    patcher = _Patcher(tree := ast.parse(source, filename), lacks)
    tree = patcher.visit(tree)
    if patcher.uses_own:
        tree.body.insert(_end_of_head(tree), ast.Import([ast.alias(_OWN, _OWN_ALIAS)]))
    return Patched(ast.fix_missing_locations(tree), patcher.changes)


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Map local names to what they were imported as: ``{"np": "numpy", "Image": "PIL.Image"}``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _end_of_head(tree: ast.Module) -> int:
    """Return the index of the first statement after the docstring and the ``__future__`` imports."""
    for index, node in enumerate(tree.body):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_docstring or is_future):
            return index
    return len(tree.body)


class _Patcher(ast.NodeTransformer):
    def __init__(self, tree: ast.Module, lacks: Lacks) -> None:
        self.changes: list[tuple[str, int]] = []
        self.uses_own = False
        self._names = _imported_names(tree)
        self._lacks = lacks

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        library = self._library(node.value)
        successor = self._successor(library, node.attr)
        if library is None or successor is None or not isinstance(node.ctx, ast.Load):
            return node
        self.changes.append((f"{library}.{node.attr}", node.lineno))
        where, name = successor
        if where == library:
            node.attr = name
            return node
        base: ast.expr
        if where == "builtins":
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        if where == _OWN:
            self.uses_own = True
            base = ast.Name(_OWN_ALIAS, ast.Load())
        else:  # collections.abc.Mapping for collections.Mapping
            base = ast.Attribute(node.value, where.removeprefix(f"{library}."), ast.Load())
        return ast.copy_location(ast.Attribute(base, name, ast.Load()), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        function = node.func
        if not isinstance(function, ast.Attribute):
            return node
        library = self._library(function.value)
        if function.attr == "tostring" and not node.args and not node.keywords and library is None:
            # Only at run time it is known who has the method: arrays have lost it, an XML tree has it.
            self.changes.append((".tostring()", node.lineno))
            self.uses_own = True
            helper = ast.Attribute(ast.Name(_OWN_ALIAS, ast.Load()), "tostring", ast.Load())
            return ast.copy_location(ast.Call(helper, [function.value], []), node)
        if library == "numpy" and function.attr == "array" and self._lacks("numpy", "float_"):
            for keyword in node.keywords:  # since NumPy 2 False means "never", and raises
                if keyword.arg == "copy" and getattr(keyword.value, "value", None) is False:
                    self.changes.append(("numpy.array(copy=False)", node.lineno))
                    keyword.value = ast.copy_location(ast.Constant(None), keyword.value)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.ImportFrom]:
        module = node.module or ""
        if node.level:
            return [node]
        if _is_paddlehub(module):
            node.module = f"hub.compat.{module}"
            return [node]
        kept, fresh = [], []
        for alias in node.names:
            successor = self._successor(module, alias.name)
            if successor is None:
                kept.append(alias)
                continue
            self.changes.append((f"{module}.{alias.name}", node.lineno))
            where, name = successor
            renamed = ast.alias(name, alias.asname or alias.name)
            fresh.append(ast.copy_location(ast.ImportFrom(where, [renamed], 0), node))
        if kept:
            node.names = kept
            fresh.insert(0, node)
        return fresh

    def visit_Import(self, node: ast.Import) -> list[ast.Import]:
        """Bind what ``import paddlehub.env`` binds, which is ``paddlehub``, and not ``hub``."""
        statements = []
        for alias in node.names:
            wanted = [alias]
            if _is_paddlehub(alias.name):
                ours = f"hub.compat.{alias.name}"
                wanted = [ast.alias(ours, alias.asname or "paddlehub")]
                if alias.asname is None and alias.name != "paddlehub":
                    wanted.append(ast.alias("hub.compat.paddlehub", "paddlehub"))
            statements += [ast.copy_location(ast.Import([each]), node) for each in wanted]
        return statements

    def _library(self, node: ast.expr) -> str | None:
        """Return ``numpy`` for the expression ``np``, ``paddle.nn`` for ``paddle.nn``; else None."""
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.Attribute):
            base = self._library(node.value)
            return f"{base}.{node.attr}" if base else None
        return None

    def _successor(self, library: str | None, name: str) -> tuple[str, str] | None:
        successor = SUCCESSORS.get(library or "", {}).get(name)
        if library is None or successor is None:
            return None
        return successor if (library, name) in _HALF_GONE or self._lacks(library, name) else None


def _is_paddlehub(name: str) -> bool:
    return name == "paddlehub" or name.startswith("paddlehub.")
