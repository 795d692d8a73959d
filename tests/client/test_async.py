"""hub.AsyncClient: the same calls in an event loop, many at a time, and what cancelling one does."""

from __future__ import annotations

import asyncio
import time

import pytest

import hub
from hub import errors
from tests.serving.pictures import png
from tests.serving.running import Server, free_port


def test_predict_many_calls_at_once_and_errors(server: Server) -> None:
    async def run() -> None:
        async with hub.AsyncClient(server.url, timeout=20) as client:
            await client.wait_until_ready()
            answers = await asyncio.gather(
                client.predict("look", images=[png()]), client.predict("greet", names=["a"])
            )
            assert answers[0]["seen"][0]["shape"] == [20, 30, 3]
            assert answers[1][0].startswith("hello a")
            assert [module["name"] for module in await client.modules()] == ["probe", "greet", "look"]
            assert (await client.health())["ready"] is True
            with pytest.raises(errors.UnknownModuleError, match="absent"):
                await client.predict("absent")
            with pytest.raises(errors.DeadlineError):
                await client.with_options(timeout=0.2).predict("probe", sleep=1)

    asyncio.run(run())


def test_many_come_back_in_order_and_a_bad_one_does_not_stop_them(server: Server) -> None:
    items = ["a", "b", "bad", "c", "d"] * 5

    async def run() -> list[hub.client.Prediction]:
        async with hub.AsyncClient(server.url) as client:
            return [p async for p in client.predict_many("greet", items, argument="names", concurrency=3)]

    found = asyncio.run(run())

    assert [prediction.item for prediction in found] == items
    assert [p.item for p in found if p.error is not None] == ["bad"] * 5


def test_who_stops_early_cancels_what_is_running(server: Server) -> None:
    async def run() -> float:
        async with hub.AsyncClient(server.url) as client:
            started = time.monotonic()
            predictions = client.predict_many("probe", ["a"] * 50, argument="text", concurrency=4, sleep=0.2)
            async for _ in predictions:
                break
            await predictions.aclose()  # type: ignore[attr-defined]
            return time.monotonic() - started

    assert asyncio.run(run()) < 5  # 50 × 0.2 s would be 10


def test_a_cancelled_call_is_dropped_by_the_server(server: Server) -> None:
    journal = server.home / "journal"
    before = len(journal.read_text().splitlines()) if journal.exists() else 0

    async def run() -> None:
        async with hub.AsyncClient(server.url) as client:
            calls = [
                asyncio.create_task(client.predict("probe", text=str(number), sleep=0.5))
                for number in range(4)
            ]
            await asyncio.sleep(0.3)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            await client.predict("probe", text="last")

    asyncio.run(run())
    written = journal.read_text().splitlines()[before:]

    assert written[-1] == "last"
    assert len(written) < 5


def test_a_server_that_is_not_there_is_an_error_at_once() -> None:
    async def run() -> None:
        async with hub.AsyncClient(f"http://127.0.0.1:{free_port()}") as client:
            await client.predict("probe")

    with pytest.raises(errors.UnreachableError, match="cannot connect"):
        asyncio.run(run())
