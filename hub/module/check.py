"""The check of an annotation, and the error of a value that fails it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.json_words import shown
from hub.module.schemas import Schema

#: ``convert(value, wrap)``: return what the method gets; with ``wrap``, one item may stand for a list.
Convert = Callable[[Any, bool], Any]


class Mismatch(Exception):
    """A value is not what its annotation allows.

    Attributes:
        wanted: what is allowed.
        value: what came.
        path: where it is within the argument.
    """

    def __init__(self, wanted: str, value: Any, path: str = "", reason: str = "") -> None:
        super().__init__(wanted)
        self.wanted, self.value, self.path, self.reason = wanted, value, path, reason

    def within(self, place: str) -> Mismatch:
        return Mismatch(self.wanted, self.value, place + self.path, self.reason)

    def told(self, argument: str) -> str:
        """Return the message for who sent the argument."""
        where = f"`{argument}{self.path}`"
        if self.reason:
            return f"{where}: {self.reason}"
        return f"{where} must be {self.wanted}, not {shown(self.value)}"


@dataclass(frozen=True)
class Check:
    """An annotation's meaning for JSON.

    Attributes:
        wanted: in words, for messages.
        schema: as JSON Schema.
        convert: checks a value; raises Mismatch.
        is_list: it takes a list.
    """

    wanted: str
    schema: Schema
    convert: Convert = field(compare=False)
    is_list: bool = False
