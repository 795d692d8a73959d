"""hub.module.streams: which methods stream, how their items are drawn, and how that ends early."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

import hub
from hub.checkpoint import wanted_while
from hub.errors import AbandonedError, BindingError, InvalidModuleError
from hub.module import streams
from hub.module.contract import ServingOptions
from hub.module.coroutines import blocking
from hub.module.signature import Signature

pytestmark = pytest.mark.unit

FLOW = Path(__file__).parents[1] / "modules" / "flow"


def generates() -> Any:
    yield 1


async def generates_later() -> Any:
    yield 1


def iterator() -> Iterator[int]:
    return iter([1])


def generator() -> Generator[int, None, None]:
    return (number for number in [1])


async def later() -> AsyncIterator[int]:
    return generates_later()


def annotated() -> Annotated[Iterator[int], "items"]:
    return iter([1])


def bare() -> Iterator:  # type: ignore[type-arg]
    return iter([1])


def a_list() -> list[int]:
    return [1]


def iterable() -> Iterable[int]:
    return [1]


def unknown() -> Nothing:  # type: ignore[name-defined]  # noqa: F821
    return [1]


@pytest.mark.parametrize("method", [generates, generates_later, iterator, generator, later, annotated, bare])
def test_a_generator_and_a_method_that_returns_an_iterator_stream(method: Callable[..., Any]) -> None:
    assert streams.is_stream(method)
    assert streams.collected(method)() == [1]


@pytest.mark.parametrize("method", [a_list, iterable, unknown, blocking(asyncio.sleep)])
def test_every_other_method_does_not(method: Callable[..., Any]) -> None:
    assert not streams.is_stream(method)


def test_the_return_annotation_of_a_stream_says_what_an_item_is() -> None:
    for method in (iterator, generator, later, annotated):
        returns = Signature(method).returns
        assert returns is not None
        assert returns.schema == {"type": "integer"}
    assert Signature(bare).returns is Signature(generates).returns is None
    listed = Signature(iterable).returns
    assert listed is not None
    assert listed.schema["type"] == "array"


def test_a_stream_whose_requests_were_to_be_joined_is_refused() -> None:
    streams.refuse_batch("count", ServingOptions())
    with pytest.raises(InvalidModuleError, match=r"@serving\(batch='texts'\): count answers as a stream"):
        streams.refuse_batch("count", ServingOptions(batch="texts"))


def test_what_is_not_an_iterator_is_a_type_error_that_names_it() -> None:
    with pytest.raises(TypeError, match="must return an iterator, as its annotation says, not int"):
        streams.items(7)


# -- ending early -----------------------------------------------------------------------------------


def test_closing_a_plain_generator_runs_its_finally() -> None:
    ended = []

    def count() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            ended.append(True)

    items = streams.items(count())
    assert next(items) == 0
    items.close()
    assert ended == [True]


async def _endless(ended: list[str], *, swallows: bool = False) -> AsyncGenerator[int]:
    try:
        yield 0
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if not swallows:
                raise
        yield 1
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0.01)
        ended.append("finally")


@pytest.mark.parametrize("swallows", [False, True])
@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_closing_an_async_generator_cancels_it_where_it_waits_and_waits_for_its_finally(
    seconds: float, swallows: bool
) -> None:
    ended: list[str] = []
    items = streams.items(_endless(ended, swallows=swallows))
    assert next(items) == 0
    time.sleep(seconds)  # at its yield, or in its sleep
    items.close()

    assert ended == ["finally"]


def test_an_error_of_its_finally_is_raised_when_an_async_generator_is_closed() -> None:
    async def fails_at_the_end() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise ValueError("not closed")

    items = streams.items(fails_at_the_end())
    next(items)
    with pytest.raises(ValueError, match="not closed"):
        items.close()


def test_an_async_generator_ends_when_nobody_waits_any_more() -> None:
    ended: list[str] = []
    is_wanted = True
    with wanted_while(lambda: is_wanted), contextlib.closing(streams.items(_endless(ended))) as items:
        assert next(items) == 0
        is_wanted = False
        with pytest.raises(AbandonedError):
            next(items)
    assert ended == ["finally"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no")])
def test_an_error_of_an_async_generator_follows_its_items(error: BaseException) -> None:
    async def fail() -> AsyncIterator[int]:
        yield 1
        raise error

    items = streams.items(fail())
    assert next(items) == 1
    with pytest.raises(type(error), match="no"):
        next(items)
    assert streams.collected(generates_later)() == [1]  # the loop still runs


def test_all_items_are_drawn_in_one_task() -> None:
    async def tasks() -> AsyncIterator[Any]:
        async with asyncio.timeout(60), asyncio.TaskGroup():
            yield asyncio.current_task()
            yield asyncio.current_task()

    first, second = streams.items(tasks())
    assert first is second


def test_async_generators_and_calls_of_several_threads_go_on_beside_each_other() -> None:
    turns: list[str] = []
    events = {name: asyncio.Event() for name in "ab"}

    async def take_turns(own: str, other: str) -> AsyncIterator[int]:
        for number in range(3):
            await events[own].wait()
            events[own].clear()
            turns.append(own)
            yield number
            events[other].set()

    async def begin() -> None:
        events["a"].set()

    def draw(own: str, other: str) -> None:
        list(streams.items(take_turns(own, other)))

    threads = [threading.Thread(target=draw, args=pair) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    blocking(begin)()
    for thread in threads:
        thread.join(30)

    assert turns == ["a", "b"] * 3


# -- lists ------------------------------------------------------------------------------------------


def test_hub_module_gives_lists_and_checks_the_arguments(tmp_path: Path) -> None:
    module = hub.Module(directory=FLOW, notes=str(tmp_path))

    assert module.count(2) == [0, 1]
    assert module.tick(times=1) == [{"number": 0}]
    assert module.found(text="ab") == ["a", "b"]
    with pytest.raises(BindingError, match="`upto` must be"):
        module.count(upto=-1)


def test_a_module_s_own_calls_get_generators_which_they_may_end_early(tmp_path: Path) -> None:
    module = hub.Module(directory=FLOW, notes=str(tmp_path))

    assert module.first(upto=10**9) == 0
    assert asyncio.run(module.all_letters("ab")) == [0, 1]


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["--arguments", '{"upto": 2}'], [0, 1]),
        (["--method", "found", "--input_text", "ab"], ["a", "b"]),
        (["--method", "all_letters", "--input_text", "ab"], [0, 1]),
    ],
)
def test_hub_run_prints_a_list(words: list[str], printed: list[Any]) -> None:
    command = [sys.executable, "-m", "hub.cli.call", str(FLOW), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert json.loads(done.stdout or "null") == printed, done.stderr
