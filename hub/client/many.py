"""Many items, some at a time, results in the items' order; memory stays bounded."""

from __future__ import annotations

import asyncio
import collections
import queue
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from hub.errors import (
    BindingError,
    ConfigError,
    HubError,
    ReplyError,
    UnauthorizedError,
    UnavailableError,
    UnknownModuleError,
    UnreachableError,
)
from hub.module.arguments import SINGLE

Item = TypeVar("Item")
Result = TypeVar("Result")
#: A running call for an item, in a thread or an event loop.
Begun = TypeVar("Begun", Future[Any], "asyncio.Task[Any]")

#: Errors that say nothing of the item: the next one would end the same way.
NOT_THE_ITEMS = (
    BindingError,
    ReplyError,
    UnauthorizedError,
    UnavailableError,
    UnknownModuleError,
    UnreachableError,
)
#: Items begun before the first of them has its result, as a multiple of those that run at once.
_AHEAD = 2


@dataclass(frozen=True)
class Prediction:
    """The outcome for one item.

    Attributes:
        item: as it was given.
        results: what the module answered for this item alone, as ``predict`` returns it; None with an error.
        message: the server's remark, if it made one.
        error: why there are no results; None if there are.
    """

    item: Any
    results: Any = None
    message: str = ""
    error: HubError | None = None


def argument_value(argument: str, item: Any) -> Any:
    """Return an item as the value of an argument: a list of one, but under names that take a single value."""
    return item if argument in SINGLE else [item]


def failed(item: Any, error: HubError) -> Prediction:
    """Return the prediction of an item that failed; raises an error that says nothing of the item."""
    if isinstance(error, NOT_THE_ITEMS):
        raise error
    return Prediction(item, error=error)


def in_order(items: Iterable[Item], work: Callable[[Item], Result], concurrency: int) -> Iterator[Result]:
    """Do ``work`` for each item in ``concurrency`` threads; yield the results in the items' order.

    An error of ``work`` is raised at its item's place. Threads are started as they are needed. A caller that
    stops early leaves running calls to themselves: the threads are daemons, so a program can end at once.
    """
    waiting: collections.deque[Future[Result]] = collections.deque()
    todo: queue.SimpleQueue[tuple[Item, Future[Result]] | None] = queue.SimpleQueue()
    threads: list[threading.Thread] = []

    def run() -> None:
        while (task := todo.get()) is not None:
            item, future = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work(item))
            except BaseException as error:  # the consumer's to see
                future.set_exception(error)

    def begin(item: Item) -> Future[Result]:
        future: Future[Result] = Future()
        todo.put((item, future))
        if len(threads) < concurrency:
            threads.append(threading.Thread(target=run, daemon=True, name="hub-client"))
            threads[-1].start()
        return future

    try:
        for future in _due(items, begin, waiting, concurrency):
            yield future.result()
    finally:
        for future in waiting:
            future.cancel()
        for _ in threads:
            todo.put(None)


def _due(
    items: Iterable[Item],
    begin: Callable[[Item], Begun],
    waiting: collections.deque[Begun],
    concurrency: int,
) -> Iterator[Begun]:
    """Begin items, and yield the oldest of those ``waiting`` when it is done or enough others are begun."""
    if concurrency < 1:
        raise ConfigError(f"concurrency must be at least 1, not {concurrency}")
    for item in items:
        waiting.append(begin(item))
        while waiting and (len(waiting) >= _AHEAD * concurrency or waiting[0].done()):
            yield waiting.popleft()
    while waiting:
        yield waiting.popleft()


async def in_order_async(
    items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], concurrency: int
) -> AsyncGenerator[Result]:
    """Do the same with coroutines; who stops early and closes the iterator cancels what is running."""
    room = asyncio.Semaphore(max(1, concurrency))
    waiting: collections.deque[asyncio.Task[Result]] = collections.deque()

    async def run(item: Item) -> Result:
        async with room:
            return await work(item)

    try:
        for task in _due(items, lambda item: asyncio.create_task(run(item)), waiting, concurrency):
            yield await task
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
