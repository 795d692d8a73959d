"""Replaces what libraries have dropped since a module was written, in its syntax tree. No import, no file.

Only certain names are touched: an attribute is replaced if the part before the dot was imported as the
library, and if the installed library really lacks the attribute. Lines keep their numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.compat.importing.successors import (
    HALF_GONE,
    LOST_KEYWORDS,
    OWN_FLUID,
    OWN_NUMPY,
    OWN_PADDLE,
    SUCCESSORS,
)

#: Tells whether the installed library lacks a name: ``lacks("numpy", "int")``.
Lacks = Callable[[str, str], bool]


@dataclass
class Patched:
    """A file's patched syntax tree, and the changes: ``(name, line)``."""

    tree: ast.Module
    changes: list[tuple[str, int]] = field(default_factory=list)


def patch(source: bytes, filename: str, lacks: Lacks) -> Patched:
    """Parse a file and patch it; raise SyntaxError as ``compile`` would."""
    patcher = _Patcher(tree := ast.parse(source, filename), lacks)
    tree = patcher.visit(tree)
    for module in sorted(patcher.uses_own):
        tree.body.insert(_end_of_head(tree), ast.Import([ast.alias(module, _alias(module))]))
    return Patched(ast.fix_missing_locations(tree), patcher.changes)


def _alias(module: str) -> str:
    """Return the name under which a patched file has a module of ours."""
    return f"__hub_{module.rpartition('.')[2]}__"


def _own(module: str, name: str) -> ast.Attribute:
    return ast.Attribute(ast.Name(_alias(module), ast.Load()), name, ast.Load())


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
        self.uses_own: set[str] = set()
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
        if where == "builtins":
            return ast.copy_location(ast.Name(name, ast.Load()), node)
        if where.startswith("hub."):
            return ast.copy_location(self._answer(where, name), node)
        # collections.abc.Mapping for collections.Mapping
        base = ast.Attribute(node.value, where.removeprefix(f"{library}."), ast.Load())
        return ast.copy_location(ast.Attribute(base, name, ast.Load()), node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        function = node.func
        library, _, name = (self._library(function) or "").rpartition(".")
        lost = LOST_KEYWORDS.get((library, name), frozenset())
        if any(keyword.arg in lost for keyword in node.keywords):
            self.changes.append((f"{library}.{name}({', '.join(sorted(lost))}=…)", node.lineno))
            node.func = ast.copy_location(self._answer(OWN_PADDLE, name), function)
            return node
        return self._changed_method(node, function) if isinstance(function, ast.Attribute) else node

    def _changed_method(self, node: ast.Call, function: ast.Attribute) -> ast.expr:
        """Patch calls of what NumPy has changed and not dropped."""
        library = self._library(function.value)
        if function.attr == "tostring" and not node.args and not node.keywords and library is None:
            # Only at run time it is known who has the method: arrays have lost it, an XML tree has it.
            self.changes.append((".tostring()", node.lineno))
            helper = self._answer(OWN_NUMPY, "tostring")
            return ast.copy_location(ast.Call(helper, [function.value], []), node)
        if library == "numpy" and function.attr == "array" and self._lacks("numpy", "float_"):
            for keyword in node.keywords:  # since NumPy 2 False means "never", and raises
                if keyword.arg == "copy" and getattr(keyword.value, "value", None) is False:
                    self.changes.append(("numpy.array(copy=False)", node.lineno))
                    keyword.value = ast.copy_location(ast.Constant(None), keyword.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Patch ``paddle.load(…)[0]``: only a beta returned two things, of which it takes the first."""
        self.generic_visit(node)
        call = node.value
        is_first = isinstance(node.slice, ast.Constant) and node.slice.value == 0
        if not (is_first and isinstance(call, ast.Call) and self._library(call.func) == "paddle.load"):
            return node
        self.changes.append(("paddle.load(…)[0]", node.lineno))
        return ast.copy_location(ast.Call(self._answer(OWN_PADDLE, "loaded"), [call], []), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.ImportFrom]:
        module = node.module or ""
        if node.level:
            return [node]
        if answer := self._answered(module, node):
            node.module = answer
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
            if answer := self._answered(alias.name, node):
                top = alias.name.partition(".")[0]
                wanted = [ast.alias(answer, alias.asname or top)]
                if alias.asname is None and alias.name != top:
                    wanted.append(ast.alias(f"hub.compat.{top}" if top == "paddlehub" else top, top))
            statements += [ast.copy_location(ast.Import([each]), node) for each in wanted]
        return statements

    def _answer(self, module: str, name: str) -> ast.expr:
        """Return the expression for a name of ours, or for a module of ours in ``hub.compat``."""
        if module == "hub.compat":
            self.uses_own.add(f"{module}.{name}")
            return ast.Name(_alias(f"{module}.{name}"), ast.Load())
        self.uses_own.add(module)
        return _own(module, name)

    def _answered(self, module: str, node: ast.stmt) -> str | None:
        """Return which module of ours is imported for one of PaddleHub's or of paddle.fluid."""
        if module.partition(".")[0] == "paddlehub":
            return f"hub.compat.{module}"
        if f"{module}.".startswith("paddle.fluid.") and self._lacks("paddle", "fluid"):
            self.changes.append(("paddle.fluid", node.lineno))
            return OWN_FLUID + module.removeprefix("paddle.fluid")
        return None

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
        return successor if (library, name) in HALF_GONE or self._lacks(library, name) else None
