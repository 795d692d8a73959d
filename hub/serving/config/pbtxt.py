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
    return _Parser(text, source).message(end=None, depth=0)


class _Parser:
    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._position = 0
        self.kind, self.token = "", ""
        self._advance()

    def message(self, end: str | None, depth: int) -> Message:
        """Fields up to ``end`` (None: the end of the file)."""
        if depth > _MAX_DEPTH:
            raise self._error("too many messages within one another")
        fields: Message = {}
        while not self._is_end(end):
            if self.kind != "name":
                raise self._error(f"a field's name is expected, not {self._shown()}")
            name = self._take()
            has_colon = self._skip(":")
            if not has_colon and self.token not in ("{", "<", "["):
                raise self._error(f"after {name!r} comes ':' or '{{', not {self._shown()}")
            fields.setdefault(name, []).extend(self._values(depth))
            self._skip(",") or self._skip(";")
        return fields

    def _is_end(self, end: str | None) -> bool:
        if self.kind == "end":
            if end is not None:
                raise self._error(f"{end!r} is missing")
            return True
        return end is not None and self.kind == "mark" and self._skip(end)

    def _values(self, depth: int) -> list[Any]:
        """One value, or a list of them in brackets."""
        if not self._skip("["):
            return [self._value(depth)]
        values: list[Any] = []
        while not self._skip("]"):
            values.append(self._value(depth))
            if not self._skip(",") and self.token != "]":
                raise self._error(f"',' or ']' is expected, not {self._shown()}")
        return values

    def _value(self, depth: int) -> Any:
        for opening, closing in (("{", "}"), ("<", ">")):
            if self.kind == "mark" and self._skip(opening):
                return self.message(closing, depth + 1)
        if self.kind == "string":
            parts = []
            while self.kind == "string":  # neighbours are one string
                parts.append(re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), self._take()[1:-1]))
            return "".join(parts)
        if self.kind == "number":
            return _number(self._take())
        if self.kind == "name":
            word = self._take()
            return {"true": True, "false": False}.get(word, word)
        raise self._error(f"a value is expected, not {self._shown()}")

    def _skip(self, mark: str) -> bool:
        if self.kind == "mark" and self.token == mark:
            self._advance()
            return True
        return False

    def _take(self) -> str:
        token = self.token
        self._advance()
        return token

    def _advance(self) -> None:
        self.kind = "space"
        while self.kind == "space":
            if self._position == len(self._text):
                self.kind, self.token = "end", ""
                return
            match = _TOKEN.match(self._text, self._position)
            if match is None:
                self.token = self._text[self._position]
                raise self._error(f"{self.token!r} is not expected here")
            self.kind, self.token = str(match.lastgroup), match[0]
            self._position = match.end()

    def _shown(self) -> str:
        return "the end of the file" if self.kind == "end" else repr(self.token)

    def _error(self, message: str) -> ConfigError:
        line = self._text.count("\n", 0, max(0, self._position - len(self.token))) + 1
        return ConfigError(f"{self._source}:{line}: {message}")


def _number(token: str) -> int | float:
    try:
        return int(token, 0) if token.lower().startswith(("0x", "-0x")) else int(token)
    except ValueError:
        return float(token.rstrip("fF"))
