"""A bar on stderr for work that is counted; rich is imported when one is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

#: Called once for each item that is done.
Advance = Callable[[], None]


@contextmanager
def progress_bar(
    label: str, items: Iterable[Any], done: int = 0, *, shown: bool, console: Console | None = None
) -> Iterator[Advance]:
    """Show how many items are done and how long the rest takes, if ``shown`` and stderr is a terminal."""
    if not (shown and sys.stderr.isatty()):
        yield lambda: None
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(
        *columns,
        console=console or Console(stderr=True, highlight=False, markup=False),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # results in a pipe must stay there
    ) as bar:
        task = bar.add_task(label, total=len(items) if isinstance(items, Sized) else None, completed=done)
        yield lambda: bar.advance(task)
