"""Points at which long work stops when nobody waits for it any more. Standard library only.

    from hub.checkpoint import checkpoint

    for page in pages:
        checkpoint()  # raises once the deadline has passed, or the caller has left
        ...

Work that is in no hurry, such as a page of a job, also waits here while other requests run.

A runner says who waits; elsewhere, as in a script, nothing is asked and nothing is raised.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final

from hub.errors import AbandonedError

#: How often somebody who sleeps asks.
_LOOK_SECONDS: Final = 0.1

_is_wanted: ContextVar[Callable[[], bool] | None] = ContextVar("is_wanted", default=None)
_give_way: ContextVar[Callable[[], None] | None] = ContextVar("give_way", default=None)


def checkpoint() -> None:
    """Let others go first, if this work is in no hurry; raise AbandonedError when nobody waits for it."""
    give_way = _give_way.get()
    if give_way is not None:
        give_way()
    is_wanted = _is_wanted.get()
    if is_wanted is not None and not is_wanted():
        raise AbandonedError(
            "nobody waits for this any more: the deadline has passed, or the caller has left"
        )


def pause(seconds: float) -> None:
    """Sleep; raise AbandonedError as soon as nobody waits any more, where ``time.sleep`` would sleep on."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        checkpoint()
        time.sleep(min(left, _LOOK_SECONDS))


@contextlib.contextmanager
def wanted_while(is_wanted: Callable[[], bool], give_way: Callable[[], None] | None = None) -> Iterator[None]:
    """Have checkpoints in this thread ask ``is_wanted``, and call ``give_way`` before."""
    tokens = _is_wanted.set(is_wanted), _give_way.set(give_way)
    try:
        yield
    finally:
        _is_wanted.reset(tokens[0])
        _give_way.reset(tokens[1])
