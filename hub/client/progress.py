"""A bar on stderr for work that is counted; rich is imported when one is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

#: Called once for each item that is done.
Advance = Callable[[], None]


def progress_bar(label: str, items: Iterable[Any], *, shown: bool) -> AbstractContextManager[Advance]:
    """Show a bar for ``items``, if ``shown``; else nothing."""
    total = len(items) if isinstance(items, Sized) else None
    return counting_bar(label, total) if shown else nullcontext(lambda: None)


@contextmanager
def counting_bar(
    label: str, total: int | None, done: int = 0, *, console: Console | None = None
) -> Iterator[Advance]:
    """Show how many of ``total`` are done and how long the rest takes, if stderr is a terminal."""
    from rich import progress
    from rich.console import Console

    console = console or Console(stderr=True, highlight=False, markup=False)
    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(
        *columns,
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
        redirect_stdout=sys.stdout.isatty(),  # results in a pipe must stay there
    ) as bar:
        task = bar.add_task(label, total=total, completed=done)
        yield lambda: bar.advance(task)
