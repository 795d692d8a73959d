"""Who may be in the process together: all requests, or one that was sent before, alone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class SharedRoom:
    """Many may be inside together, or one alone. Who wants to be alone goes before newcomers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_taken = False
        self._wanting = 0

    @contextlib.contextmanager
    def shared(self) -> Iterator[Callable[[], None]]:
        """Be inside with others; yields what leaves before the end."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_taken and not self._wanting)
            self._inside += 1
        with contextlib.ExitStack() as inside:
            inside.callback(self._leave_shared)
            yield inside.close

    @contextlib.contextmanager
    def alone(self) -> Iterator[Callable[[], None]]:
        """Be inside alone; yields what leaves before the end."""
        with self._changed:
            self._wanting += 1
            self._changed.wait_for(lambda: not self._is_taken and not self._inside)
            self._wanting -= 1
            self._is_taken = True
        with contextlib.ExitStack() as inside:
            inside.callback(self._leave_alone)
            yield inside.close

    def _leave_shared(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def _leave_alone(self) -> None:
        with self._changed:
            self._is_taken = False
            self._changed.notify_all()
