"""Protocol-buffer text format, as far as configuration files use it: from text to plain values.

    name: "ocr"   instance_group [ { count: 4 kind: KIND_GPU gpus: [ 0 ] } ]   dynamic_batching { }

Protobuf reads the words; no schema is needed to put them together. A message becomes a dict of lists (any
field may be repeated), a scalar an int, float, bool or str.
"""

from __future__ import annotations

import contextlib
from typing import Any

from google.protobuf.text_format import ParseError, Tokenizer

from hub.errors import ConfigError

#: Field → its values, in order. A value is a scalar or another message.
Message = dict[str, list[Any]]

_MAX_DEPTH = 32


def parse(text: str, source: str) -> Message:
    """Read a whole file; raises ConfigError with ``source`` and the line."""
    try:
        return _message(Tokenizer(text.split("\n")), end="", depth=0)
    except ParseError as error:
        message = str(error).partition(" : ")[2]
        raise ConfigError(f"{source}:{error.GetLine()}: {message}") from error


def _message(tokens: Tokenizer, end: str, depth: int) -> Message:
    """Return the fields up to ``end`` (empty: the end of the file)."""
    if depth > _MAX_DEPTH:
        raise _error(tokens, "too many messages within one another")
    fields: Message = {}
    while not (tokens.TryConsume(end) if end else tokens.AtEnd()):
        name = tokens.token
        if not tokens.TryConsumeIdentifier():
            raise _unexpected(tokens, repr(end) if tokens.AtEnd() else "a field's name")
        if not tokens.TryConsume(":") and tokens.token not in ("{", "<", "["):
            raise _unexpected(tokens, f"after {name!r} ':' or '{{'")
        fields.setdefault(name, []).extend(_values(tokens, depth))
        tokens.TryConsume(",") or tokens.TryConsume(";")
    return fields


def _values(tokens: Tokenizer, depth: int) -> list[Any]:
    """Return one value, or a list of them in brackets."""
    if not tokens.TryConsume("["):
        return [_value(tokens, depth)]
    values: list[Any] = []
    while not tokens.TryConsume("]"):
        values.append(_value(tokens, depth))
        if not tokens.TryConsume(",") and not tokens.LookingAt("]"):
            raise _unexpected(tokens, "',' or ']'")
    return values


def _value(tokens: Tokenizer, depth: int) -> Any:
    for opening, closing in ("{}", "<>"):
        if tokens.TryConsume(opening):
            return _message(tokens, closing, depth + 1)
    if tokens.token.startswith(('"', "'")):
        return tokens.ConsumeString()
    for consume in (tokens.ConsumeInteger, tokens.ConsumeBool, tokens.ConsumeFloat, tokens.ConsumeIdentifier):
        with contextlib.suppress(ParseError):
            return consume()
    raise _unexpected(tokens, "a value")


def _unexpected(tokens: Tokenizer, wanted: str) -> ParseError:
    return _error(tokens, f"{wanted} is {'missing' if tokens.AtEnd() else f'expected, not {tokens.token!r}'}")


def _error(tokens: Tokenizer, message: str) -> ParseError:
    """Return an error at the current token, without the line's text that the tokenizer's own would repeat."""
    return ParseError(message, tokens.ParseError("").GetLine(), 1)
