"""Serving methods that answer with one item after the other: generators, plain and ``async``.

    @serving
    def count(self, upto: int) -> Iterator[int]:
        yield from range(upto)

A method is a stream if it is a generator function, or says that it returns an iterator. A caller that leaves
ends it: a plain generator at its next item, an ``async`` one wherever it waits. Standard library only.
"""

from __future__ import annotations

import asyncio
import collections.abc
import contextlib
import functools
import inspect
import queue
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, Final

from hub.checkpoint import checkpoint
from hub.errors import InvalidModuleError
from hub.module.arguments import resolved_annotations
from hub.module.contract import ServingOptions
from hub.module.coroutines import blocking, event_loop

_ITERATORS: Final = (
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
)
_ITERABLES: Final = (*_ITERATORS, collections.abc.Iterable, collections.abc.AsyncIterable)
#: How often a thread that waits for an ``async`` generator asks whether anybody still wants its items.
LOOK_SECONDS: Final = 0.1
#: Set within a call from outside: the module's own calls of its methods get generators, as it wrote them.
_is_inside: ContextVar[bool] = ContextVar("is_inside", default=False)


def is_stream(method: Callable[..., Any]) -> bool:
    """Tell whether a serving method answers with items, by what it is or by its return annotation."""
    function = inspect.unwrap(method)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return True
    return _origin(resolved_annotations(method).get("return")) in _ITERATORS


def returned(method: Callable[..., Any], annotation: Any) -> Any:
    """Return what a return annotation says of one item where the method is a stream, else as it is."""
    if _origin(annotation) not in _ITERABLES or not is_stream(method):
        return annotation
    inside = typing.get_args(_plain(annotation))
    return inside[0] if inside else Any


def refuse_batch(name: str, options: ServingOptions) -> None:
    """Raise InvalidModuleError for a stream whose requests were to be joined."""
    if options.batch is not None:
        raise InvalidModuleError(
            f"@serving(batch={options.batch!r}): {name} answers as a stream, and requests for streams are "
            "never joined. Leave batch and max_batch_size out, or return a list"
        )


def items(result: Any) -> Generator[Any]:
    """Yield the items of what a stream's method returned; close it, and wait for its end, when closed.

    While an ``async`` one waits, ``checkpoint()`` is asked: it may raise AbandonedError here.

    Raises:
        TypeError: the result is not an iterator.
    """
    if hasattr(result, "__aiter__"):
        return _of_async(aiter(result))
    if not hasattr(result, "__iter__"):
        raise TypeError(f"a stream must return an iterator, as its annotation says, not {_kind(result)}")
    return _of_plain(iter(result))


def collect(instance: Any, names: Iterable[str]) -> None:
    """Have the streams among the serving methods of a module's instance return lists."""
    methods = {name: getattr(instance, name) for name in names}
    if any(map(is_stream, methods.values())):
        for name, method in methods.items():
            setattr(instance, name, collected(method) if is_stream(method) else _entered(method))


def collected(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that waits for all items of a stream and returns them as a list.

    Within such a call the module's own calls of its methods return what it wrote, so that they can end early.
    """
    waiting = blocking(method)

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if _is_inside.get():
            return method(*args, **kwargs)
        with _inside(), contextlib.closing(items(waiting(*args, **kwargs))) as found:
            return list(found)

    return call


def _entered(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method as a call from outside."""

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with _inside():
            return method(*args, **kwargs)

    @functools.wraps(method)
    async def wait(*args: Any, **kwargs: Any) -> Any:
        with _inside():
            return await method(*args, **kwargs)

    return wait if inspect.iscoroutinefunction(inspect.unwrap(method)) else call


@contextlib.contextmanager
def _inside() -> Iterator[None]:
    """Have ``collected`` methods return what the module wrote, as long as a call from outside runs."""
    token = _is_inside.set(True)
    try:
        yield
    finally:
        _is_inside.reset(token)


def _of_plain(iterator: Iterator[Any]) -> Generator[Any]:
    try:
        yield from iterator
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()


@dataclass(frozen=True)
class _Item:
    value: Any


class _Draw:
    """Draws the items of an async iterator, all in one task of the event loop: scopes that are open across
    a ``yield``, a timeout's or a task group's, must end in the task in which they began."""

    def __init__(self, iterator: AsyncIterator[Any]) -> None:
        self.outcomes: queue.SimpleQueue[_Item | BaseException | None] = queue.SimpleQueue()
        self.is_off = False
        self._iterator = iterator
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())
        # Not in the task itself: one that is cancelled before its first step does nothing at all.
        self._task.add_done_callback(lambda _: self.outcomes.put(None))

    def go_on(self) -> None:
        """Draw the next item."""
        self._wanted.set()

    def cancel(self) -> None:
        """End it; ``outcomes`` tells when that is done."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            async for value in self._iterator:
                self.outcomes.put(_Item(value))
                if self.is_off:  # it has swallowed its end
                    break
                await self._wanted.wait()
                self._wanted.clear()
        except (Exception, SystemExit) as error:  # a SystemExit would end the loop
            self.outcomes.put(error)
        finally:
            await self._close()

    async def _close(self) -> None:
        close = getattr(self._iterator, "aclose", None)
        if close is None:
            return
        try:
            await close()
        except (Exception, SystemExit) as error:
            self.outcomes.put(error)


def _of_async(iterator: AsyncIterator[Any]) -> Generator[Any]:
    loop, draw = event_loop(), _Draw(iterator)
    asyncio.run_coroutine_threadsafe(draw.start(), loop).result()
    is_over = False
    try:
        while True:
            try:
                outcome = draw.outcomes.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                checkpoint()
                continue
            if outcome is None:
                is_over = True
                return
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome.value
            loop.call_soon_threadsafe(draw.go_on)
    finally:
        if not is_over:
            draw.is_off = True
            loop.call_soon_threadsafe(draw.cancel)
            left = list(iter(draw.outcomes.get, None))
            if errors := [outcome for outcome in left if isinstance(outcome, BaseException)]:
                raise errors[-1]  # of its finally


def _origin(annotation: Any) -> Any:
    plain = _plain(annotation)
    return typing.get_origin(plain) or plain


def _plain(annotation: Any) -> Any:
    while typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    return annotation


def _kind(value: Any) -> str:
    return type(value).__name__
