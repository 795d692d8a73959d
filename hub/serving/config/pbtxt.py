"""Protocol-buffer text format, as far as configuration files use it: from text to plain values.

    name: "ocr"   instance_group [ { count: 4 kind: KIND_GPU gpus: [ 0 ] } ]   dynamic_batching { }

A message becomes a dict of lists (any field may be repeated), a scalar an int, float, bool or str.
"""

from __future__ import annotations

import re
from typing import Any

from hub.errors import ConfigError

#: Field → its values, in order. A value is a scalar or another message.
Message = dict[str, list[Any]]

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\#[^\n]*)+)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      | (?P<number>-?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fF]?)(?![\w.])
      | (?P<name>-?[A-Za-z_]\w*)
      | (?P<mark>[{}\[\]<>:,;])""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_MAX_DEPTH = 32


def parse(text: str, source: str) -> Message:
    """Read a whole file; raises ConfigError with ``source`` and the line."""
    return _Parser(text, source).message(end="", depth=0)


class _Parser:
    """Reads tokens from first to last. A token is its kind, its text and its line; the last one is empty."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._tokens: list[tuple[str, str, int]] = []
        position, line = 0, 1
        while position < len(text):
            match = _TOKEN.match(text, position)
            kind, found = ("unknown", text[position]) if match is None else (str(match.lastgroup), match[0])
            if kind != "space":
                self._tokens.append((kind, found, line))
            position, line = position + len(found), line + found.count("\n")
        self._tokens = [*self._tokens, ("end", "", line)][::-1]

    def message(self, end: str, depth: int) -> Message:
        """Return the fields up to ``end`` (empty: the end of the file)."""
        if depth > _MAX_DEPTH:
            raise self._error("too many messages within one another")
        fields: Message = {}
        while not self._skip(end):
            kind, name = self._next
            if kind == "end":
                raise self._error(f"{end!r} is missing")
            if kind != "name":
                raise self._error(f"a field's name is expected, not {self._shown()}")
            self._tokens.pop()
            if not self._skip(":") and self._next[1] not in ("{", "<", "["):
                raise self._error(f"after {name!r} comes ':' or '{{', not {self._shown()}")
            fields.setdefault(name, []).extend(self._values(depth))
            self._skip(",") or self._skip(";")
        return fields

    def _values(self, depth: int) -> list[Any]:
        """Return one value, or a list of them in brackets."""
        if not self._skip("["):
            return [self._value(depth)]
        values: list[Any] = []
        while not self._skip("]"):
            values.append(self._value(depth))
            if not self._skip(",") and self._next[1] != "]":
                raise self._error(f"',' or ']' is expected, not {self._shown()}")
        return values

    def _value(self, depth: int) -> Any:
        for opening, closing in ("{}", "<>"):
            if self._skip(opening):
                return self.message(closing, depth + 1)
        kind, token = self._next
        if kind not in ("string", "number", "name"):
            raise self._error(f"a value is expected, not {self._shown()}")
        self._tokens.pop()
        if kind == "number":
            return _number(token)
        if kind == "name":
            return {"true": True, "false": False}.get(token, token)
        text = _unescaped(token)
        while self._next[0] == "string":  # neighbours are one string
            text += _unescaped(self._tokens.pop()[1])
        return text

    @property
    def _next(self) -> tuple[str, str]:
        kind, token, _ = self._tokens[-1]
        return kind, token

    def _skip(self, mark: str) -> bool:
        found = self._next[1] == mark
        if found and mark:
            self._tokens.pop()
        return found

    def _shown(self) -> str:
        return repr(self._next[1]) if self._next[1] else "the end of the file"

    def _error(self, message: str) -> ConfigError:
        return ConfigError(f"{self._source}:{self._tokens[-1][2]}: {message}")


def _unescaped(token: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), token[1:-1])


def _number(token: str) -> int | float:
    try:
        return int(token, 0) if token.lower().startswith(("0x", "-0x")) else int(token)
    except ValueError:
        return float(token.rstrip("fF"))
