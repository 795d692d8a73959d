"""``async def`` methods, called from threads: all of a process run in one event loop, in a thread of its own.

So what a method keeps between calls, a client with open connections say, always meets the loop that it was
made in. Standard library only.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import Any


def blocking(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that waits for the result of an ``async def``; any other method as it is."""
    if not inspect.iscoroutinefunction(inspect.unwrap(method)):
        return method

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        outcome = asyncio.run_coroutine_threadsafe(_caught(method(*args, **kwargs)), event_loop()).result()
        if isinstance(outcome, _Raised):
            raise outcome.error
        return outcome

    return call


class _Raised:
    """Brings an error out of the loop; a SystemExit would end the loop on its way."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _caught(result: Awaitable[Any]) -> Any:
    try:
        return await result
    except (Exception, SystemExit) as error:
        return _Raised(error)


@functools.cache
def event_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process in which all ``async`` methods run; its thread is started here."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="coroutines", daemon=True).start()
    return loop
