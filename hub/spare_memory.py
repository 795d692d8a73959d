"""Memory that is kept for the next call and may be given back when none comes for a while.

An engine's working memory is as large as its largest input so far needed. Whatever keeps such memory
registers here how to give it back; a runner says when. Standard library only: runners in a module's own
environment import this file.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

_methods: list[weakref.WeakMethod[Callable[[], None]]] = []


def register(release: Callable[[], None]) -> None:
    """Note a bound method that gives memory back; its object may end before."""
    _methods.append(weakref.WeakMethod(release))


def release() -> None:
    """Have all memory given back that is not in use at the moment."""
    for method in list(_methods):
        found = method()
        if found is None:
            _methods.remove(method)
        else:
            found()
