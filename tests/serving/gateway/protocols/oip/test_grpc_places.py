"""Who gets a place for a gRPC message, and who loses it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from hub.errors import UnavailableError
from hub.serving.gateway.protocols.oip import grpc_places
from hub.serving.gateway.protocols.oip.grpc_places import Places

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_places, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(grpc_places, "WAIT_SECONDS", 0.5)


async def silent(places: Places, seconds: float = 60) -> str:
    """Hold a place, and say nothing."""
    async with places.place():
        try:
            async with places.listening(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            return "lost its place"
    return "spoke"


def test_silence_alone_costs_no_place() -> None:
    async def run() -> bool:
        holder = asyncio.create_task(silent(Places(1, "taken")))
        await asyncio.sleep(0.2)
        return holder.done()

    assert not asyncio.run(run())


def test_silence_has_its_limit() -> None:
    assert asyncio.run(silent(Places(1, "taken"), seconds=0.05)) == "lost its place"


def test_who_waits_gets_the_place_of_who_is_silent() -> None:
    async def run() -> tuple[str, bool]:
        places = Places(2, "taken")
        first, second = (asyncio.create_task(silent(places)) for _ in range(2))
        await asyncio.sleep(0)
        async with places.place():
            return await first, second.done()

    assert asyncio.run(run()) == ("lost its place", False)


def test_who_is_at_work_keeps_its_place() -> None:
    async def run() -> None:
        places = Places(1, "all are taken")
        async with places.place():
            async with places.listening(60):
                pass
            async with places.place():
                pass

    with pytest.raises(UnavailableError, match="all are taken; try again later"):
        asyncio.run(run())


def test_a_place_is_handed_on_in_turn_and_to_the_newest_in_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> list[int]:
        places, served = Places(1, "taken"), []

        async def wait(number: int) -> None:
            async with places.place():
                served.append(number)
                if number == 0:
                    monkeypatch.setattr(grpc_places, "CROWDED_SECONDS", -1.0)

        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            await stack.enter_async_context(places.place())
            for number in range(4):
                group.create_task(wait(number))
            await asyncio.sleep(0)
            await stack.aclose()
        return served

    assert asyncio.run(run()) == [0, 3, 2, 1]


def test_who_leaves_the_queue_takes_no_place_along() -> None:
    async def run() -> None:
        places = Places(1, "taken")
        async with places.place():
            waiting = asyncio.create_task(silent(places))
            await asyncio.sleep(0)
            waiting.cancel()
        async with places.place():
            pass

    asyncio.run(run())
