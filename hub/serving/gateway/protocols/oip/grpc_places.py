"""Places for gRPC calls that wait for their caller's next message.

How long a message is shows only when all of it is there, and gRPC takes it whole. So each call that may be
sent one counts as the largest message, and only so many wait at once. One event loop calls all of this.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from hub.errors import UnavailableError

#: So long a caller may send nothing, or slowly, while others want its place.
PATIENCE_SECONDS: Final = 5.0
#: The longest wait for a place.
WAIT_SECONDS: Final = 10.0
#: Once somebody has waited so long, the place goes to the newest: a crowd in front delays one caller less.
CROWDED_SECONDS: Final = 1.0


class Places:
    """A number of places; who is silent in one for long loses it to those who wait.

    Args:
        number: of places.
        taken: what to tell a caller who gets none.
    """

    def __init__(self, number: int, taken: str) -> None:
        self._free = number
        self._taken = taken
        self._waiting: dict[asyncio.Future[None], float] = {}
        self._silent: dict[asyncio.Timeout, float] = {}
        self.is_closed = False

    def close(self) -> None:
        """Wait for no caller any longer; who is answered at the moment is not concerned."""
        self.is_closed = True
        for timer in self._silent:
            if not timer.expired():
                timer.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place; raises UnavailableError where none became free in time."""
        if self._free:
            self._free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._pass_on()

    @asynccontextmanager
    async def listening(self, seconds: float) -> AsyncIterator[None]:
        """Wait for the caller, in a place, at most so long; raises TimeoutError, earlier if others wait."""
        async with asyncio.timeout(0 if self.is_closed else seconds) as timer:
            self._silent[timer] = asyncio.get_running_loop().time()
            self._hurry()
            try:
                yield
            finally:
                del self._silent[timer]

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting[turn] = loop.time()
        self._hurry()
        try:
            await asyncio.wait([turn], timeout=WAIT_SECONDS)
        except asyncio.CancelledError:
            if turn.done():
                self._pass_on()
            self._waiting.pop(turn, None)
            raise
        if not turn.done():
            del self._waiting[turn]
            raise UnavailableError(f"{self._taken}; try again later", retry_after=1)

    def _pass_on(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        oldest, since = next(iter(self._waiting.items()))
        is_crowded = asyncio.get_running_loop().time() - since > CROWDED_SECONDS
        turn = next(reversed(self._waiting)) if is_crowded else oldest
        del self._waiting[turn]
        turn.set_result(None)

    def _hurry(self) -> None:
        """Shorten the time of those who have been silent longest, one for each who waits."""
        for timer, since in itertools.islice(self._silent.items(), len(self._waiting)):
            end, soonest = timer.when(), since + PATIENCE_SECONDS
            if not timer.expired() and (end is None or end > soonest):
                timer.reschedule(soonest)
