"""How results look: tables and JSON on stdout, progress and notes on stderr.

Into a pipe or a file nothing is coloured, framed or cut to a width, so that ``hub list | awk`` works
(``colours.py`` has the exceptions). Imported by commands when they have something to show.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.cli import colours
from hub.registry.progress import Advance

if TYPE_CHECKING:  # rich is imported where it is used: `hub version` needs none of it
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

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
    console = colours.console(sys.stdout)
    with console.capture() as capture:
        console.print(grid)
    for row in capture.get().splitlines():
        print(row.rstrip())


def fields(value: object, *names: str) -> dict[str, Any]:
    """Return some attributes of a value by their names, for JSON."""
    return {name: getattr(value, name) for name in names}


def as_json(value: Any) -> None:
    """Print a value as JSON, readable and with its characters as they are."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def line(text: str) -> None:
    """Print a result."""
    print(text, flush=True)


def note(text: str) -> None:
    """Say something that is not a result."""
    print(text, file=sys.stderr, flush=True)


def problem(label: str, text: str) -> None:
    """Say what is wrong: ``Error: …``, ``Usage error: …``, ``Warning: …``."""
    style = "bold yellow" if label == "Warning" else "bold red"
    note(f"{colours.styled(label + ':', style, sys.stderr)} {text}")


@contextmanager
def working() -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something goes on; what is yielded is told what."""
    console = colours.console(sys.stderr)
    if not sys.stderr.isatty():
        yield lambda what: None
        return
    with console.status("…") as shown:
        yield lambda what: shown.update(f"Looking at {what} …")


def size(count: int) -> str:
    """Return a number of bytes for people: ``16.4 MB``."""
    if count < 1000:
        return f"{count} bytes"
    unit, divisor = next(
        (unit, divisor) for unit, divisor in (("GB", 10**9), ("MB", 10**6), ("kB", 1000)) if count >= divisor
    )
    return f"{count / divisor:.1f} {unit}"


class ProgressBars:
    """Shows the registry's tasks: a bar where the size is known, otherwise one that moves to and fro."""

    def __init__(self) -> None:
        self._console = colours.console(sys.stderr)
        self._bars: Progress | None = None

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """Show one task while the context is open; a line of text where stderr is not a terminal."""
        if not sys.stderr.isatty():
            note(f"{label} ({size(total)}) …" if total else f"{label} …")
            yield lambda done: None
        elif self._bars is not None:  # a part of another task: a line below it
            yield from self._shown(self._bars, label, total)
        else:
            with _bars(self._console) as self._bars:
                try:
                    yield from self._shown(self._bars, label, total)
                finally:
                    self._bars = None

    @staticmethod
    def _shown(bars: Progress, label: str, total: int | None) -> Iterator[Advance]:
        shown = bars.add_task(label, total=total)
        try:
            yield lambda done: bars.update(shown, completed=done)
        finally:
            bars.remove_task(shown)


def _bars(console: Console) -> Progress:
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
    bar = progress.BarColumn(bar_width=24)
    return progress.Progress(progress.SpinnerColumn(), label, bar, Amount(), console=console, transient=True)
