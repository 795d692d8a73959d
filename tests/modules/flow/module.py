"""Serving methods that answer with streams: generators, plain and ``async``, and iterators."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from hub.checkpoint import checkpoint, pause
from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, serving


@moduleinfo(name="flow", version="1.0.0", summary="answers with one item after the other")
class Flow(Module):
    def _initialize(self, notes=None):
        """Take a folder for the file in which generators note that they run and end."""
        self.notes = notes

    def _note(self, text):
        if self.notes is not None:
            with Path(self.notes, "notes").open("a") as file:
                file.write(f"{text}\n")

    @serving(example={"upto": 3})
    def count(self, upto: Annotated[int, Ge(0)], pause: float = 0.0) -> Iterator[int]:
        """Count from 0."""
        self._note("count runs")
        try:
            for number in range(upto):
                yield number
                time.sleep(pause)
        finally:
            self._note("count ends")

    @serving
    async def tick(self, times: int = 3, pause: float = 0.0, end: str = "") -> AsyncIterator[dict[str, int]]:
        """Yield objects; ``end`` says how the stream ends."""
        try:
            async with asyncio.timeout(3600):  # which must end in the task that it began in
                for number in range(times):
                    yield {"number": number}
                    await asyncio.sleep(pause)
            if end:
                raise ValueError(end)
        finally:
            await asyncio.sleep(0)
            self._note("tick ends")

    @serving
    def fail(self, after: int = 0, how: str = "raise") -> Iterator[str]:
        for number in range(after):
            yield f"item {number}\u2028"
        if how == "input":
            raise InvalidInputError("no such thing")
        if how == "json":
            yield object()
        if how == "die":
            os.kill(os.getpid(), 9)
        raise KeyError("gone")

    @serving
    def lines(self, text: str) -> Iterator[str]:
        """Return an iterator, which a generator expression is."""
        return (line for line in text.splitlines())

    @serving
    async def found(self, text: str) -> AsyncIterator[str]:
        await asyncio.sleep(0)
        return self._letters(text)

    async def _letters(self, text):
        for letter in text:
            yield letter

    @serving
    def large(self, size: int, times: int = 1000) -> Iterator[str]:
        try:
            for _ in range(times):
                yield "x" * size
        finally:
            self._note("large ends")

    @serving
    def work(self, seconds: float, first: bool = True, sleeps: bool = False) -> Iterator[int]:
        """Work for long between two items, and ask whether anybody waits."""
        try:
            if first:
                yield 0
            if sleeps:
                pause(seconds)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(0.02)
                checkpoint()
            yield 1
        finally:
            self._note("work ends")

    @serving
    def first(self, upto: int = 3) -> int:
        """Call a stream of its own, and end it early."""
        return next(self.count(upto))

    @serving
    async def all_letters(self, text: str) -> list[str]:
        return [each["number"] async for each in self.tick(len(text))]

    @serving
    def wrong(self) -> Iterator[int]:
        return 7

    @serving
    def pid(self) -> int:
        return os.getpid()
