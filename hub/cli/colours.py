"""When output has colours: on a terminal, unless ``NO_COLOR`` or ``hub --color`` says otherwise.

Colours only ever repeat what the words say. They never decide about layout: that is the terminal's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:  # rich is imported where something is coloured: most errors and results need none of it
    from rich.console import Console

Choice = Literal["auto", "always", "never"]

#: Wider than any row: rich must not fold what a program will read.
_UNBOUNDED = 100_000

_choice: Choice = "auto"


def choose(choice: Choice) -> None:
    """Set what ``hub --color`` says, for the whole process."""
    global _choice
    _choice = choice


def console(stream: TextIO) -> Console:
    """Return rich's console for stdout or stderr; its ``is_terminal`` tells whether colours are possible."""
    from rich.console import Console

    width = None if stream.isatty() else _UNBOUNDED
    choices: dict[Choice, dict[str, Any]] = {
        "auto": {},
        # Also over NO_COLOR: what was typed is newer than the environment.
        "always": {"force_terminal": True, "no_color": False, "color_system": "standard"},
        "never": {"color_system": None},
    }
    return Console(file=stream, highlight=False, markup=False, width=width, **choices[_choice])


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return the text in a style of rich's (``bold red``) if ``stream``, by default stdout, has colours."""
    stream = stream or sys.stdout
    if _choice == "never" or (_choice == "auto" and not stream.isatty()):
        return text
    from rich.text import Text

    with (shown := console(stream)).capture() as capture:
        shown.print(Text(text, style), end="", soft_wrap=True)
    return capture.get()
