"""A value of a request or a file in JSON's words, for messages."""

from __future__ import annotations

import collections.abc
from typing import Any, Final

_SHOWN: Final = 40


def shown(value: Any) -> str:
    """Return a value, short and in JSON's words, as a message names it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        return f"the text {text!r}"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, collections.abc.Mapping):
        return "an object"
    if isinstance(value, (int, float)):
        text = repr(value)
        return f"the number {text}" if len(text) <= _SHOWN else f"a number of {len(text)} digits"
    return f"a {type(value).__name__}"
