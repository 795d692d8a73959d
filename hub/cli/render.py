"""How results look: tables and JSON on stdout, progress and notes on stderr.

Into a pipe or a file nothing is coloured, framed or cut to a width, so that ``hub list | awk`` works.
Colours are for a terminal, unless ``NO_COLOR`` or ``hub --color`` says otherwise. They only ever repeat what
the words say, and never decide about layout: that is the terminal's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TextIO

from hub.output import is_unicode

if TYPE_CHECKING:  # rich is imported where it is used: `hub version` and most errors need none of it
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from hub.registry.progress import Advance

Colours = Literal["auto", "always", "never"]

#: The choice of hub --color → arguments of rich's console.
_CONSOLES: Mapping[Colours, Mapping[str, Any]] = {
    "auto": {},
    # Also over NO_COLOR: what was typed is newer than the environment.
    "always": {"force_terminal": True, "no_color": False, "color_system": "standard"},
    "never": {"color_system": None},
}
#: Wider than any row: rich must not fold what a program will read.
_UNBOUNDED = 100_000

_colours: Colours = "auto"

#: Styles of words that tell a state; other words have none.
STATES: Mapping[str, str] = {
    "READY": "green",
    "LOADING": "yellow",
    "FAILED": "bold red",
    "ok": "green",
    "note": "cyan",
    "warning": "yellow",
    "broken": "bold red",
}


def choose_colours(choice: Colours) -> None:
    """Set what ``hub --color`` says, for the whole process."""
    global _colours
    _colours = choice


def console(stream: TextIO) -> Console:
    """Return rich's console for stdout or stderr; its ``is_terminal`` tells whether colours are possible."""
    from rich.console import Console

    width = None if stream.isatty() else _UNBOUNDED
    return Console(file=stream, highlight=False, markup=False, width=width, **_CONSOLES[_colours])


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return the text in a style of rich's (``bold red``) if ``stream``, by default stdout, has colours."""
    stream = stream or sys.stdout
    if _colours == "never" or (_colours == "auto" and not stream.isatty()):
        return text
    from rich.text import Text

    with (shown := console(stream)).capture() as capture:
        shown.print(Text(text, style), end="", soft_wrap=True)
    return capture.get()


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under column titles; words of ``STATES`` are coloured."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    is_seen = sys.stdout.isatty()
    frame, padding = (box.SIMPLE_HEAD, (0, 1)) if is_seen else (None, (0, 2, 0, 0))
    grid = Table(box=frame, show_edge=False, pad_edge=False, padding=padding)
    for column in columns:
        # The first column names the row: it is the last to be folded.
        grid.add_column(column, overflow="fold", no_wrap=column is columns[0] or not is_seen)
    for row in rows:
        grid.add_row(*(Text(cell, STATES.get(cell, "")) for cell in row))
    _show(grid)


def record(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one pair a line."""
    from rich.table import Table

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold", no_wrap=not sys.stdout.isatty())
    for pair in pairs:
        grid.add_row(*pair)
    _show(grid)


def _show(grid: Table) -> None:
    with (shown := console(sys.stdout)).capture() as capture:
        shown.print(grid)
    for row in capture.get().splitlines():
        print(row.rstrip())


def fields(value: object, *names: str) -> dict[str, Any]:
    """Return some attributes of a value by their names, for JSON."""
    return {name: getattr(value, name) for name in names}


def as_json(value: Any) -> None:
    """Print a value as JSON, readable and with its characters as they are where stdout has them."""
    print(json.dumps(value, ensure_ascii=not is_unicode(sys.stdout), indent=2))


def line(text: str) -> None:
    """Print a result."""
    print(text, flush=True)


def note(text: str) -> None:
    """Say something that is not a result."""
    print(text, file=sys.stderr, flush=True)


def problem(label: str, text: str) -> None:
    """Say what is wrong: ``Error: …``, ``Usage error: …``, ``Warning: …``."""
    style = "bold yellow" if label == "Warning" else "bold red"
    note(f"{styled(label + ':', style, sys.stderr)} {text}")


@contextmanager
def working() -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something goes on; what is yielded is told what."""
    if not sys.stderr.isatty():
        yield lambda what: None
        return
    with console(sys.stderr).status("…") as shown:
        yield lambda what: shown.update(f"Looking at {what} …")


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Say what is waited for: on a terminal with a sign that it goes on, otherwise as one line."""
    if not sys.stderr.isatty():
        note(text)
        yield
        return
    with console(sys.stderr).status(text):
        yield


def size(count: int) -> str:
    """Return a number of bytes for people: ``16.4 MB``."""
    from rich.filesize import decimal

    return decimal(count)


class ProgressBars:
    """Shows the registry's tasks: a bar where the size is known, otherwise one that moves to and fro."""

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """Show one task while the context is open; a line of text where stderr is not a terminal.

        A task within another one is a line below it.
        """
        if not sys.stderr.isatty():
            note(f"{label} ({size(total)}) …" if total else f"{label} …")
            yield lambda done: None
            return
        bars = self._bars
        with nullcontext() if bars.live.is_started else bars:
            shown = bars.add_task(label, total=total)
            try:
                yield lambda done: bars.update(shown, completed=done)
            finally:
                bars.remove_task(shown)

    @cached_property
    def _bars(self) -> Progress:
        from rich import progress
        from rich.text import Text

        class Amount(progress.ProgressColumn):
            """Shows done and total amount with speed, or seconds where the size is unknown."""

            def render(self, task: progress.Task) -> Text:
                if task.total is None:
                    return Text(f"{task.elapsed or 0:.0f} s")
                speed = f", {size(int(task.speed))}/s" if task.speed else ""
                return Text(f"{size(int(task.completed))} of {size(int(task.total))}{speed}")

        label = progress.TextColumn("{task.description}", markup=False)
        columns = (progress.SpinnerColumn(), label, progress.BarColumn(bar_width=24), Amount())
        return progress.Progress(*columns, console=console(sys.stderr), transient=True)
