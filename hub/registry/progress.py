"""How slow work tells the one who asked for it how far it is; the registry itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

#: Called with the number of bytes (or steps) done so far, not with the increment.
Advance = Callable[[int], None]


class Progress(Protocol):
    """Something that can show tasks; ``hub/cli/render.py`` has the one with bars."""

    def task(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Show a task while the context is open; ``total`` None means that its size is unknown."""


class Silent:
    """Shows nothing: for scripts and tests."""

    def task(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        return nullcontext(lambda done: None)
