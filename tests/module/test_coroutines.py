"""hub.module.coroutines: ``async def`` methods, called from threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.module.coroutines import blocking
from hub.testing import served

MODULES = Path(__file__).parents[1] / "modules"


async def doubled(value: int) -> int:
    await asyncio.sleep(0)
    return value * 2


def test_the_result_is_waited_for() -> None:
    assert blocking(doubled)(value=4) == 8


def test_a_plain_function_stays_as_it_is() -> None:
    assert blocking(len) is len


def test_calls_of_several_threads_run_in_one_loop_at_once() -> None:
    arrived: list[asyncio.AbstractEventLoop] = []
    met: list[asyncio.Event] = []

    async def meet() -> asyncio.AbstractEventLoop:
        if not met:
            met.append(asyncio.Event())
        arrived.append(asyncio.get_running_loop())
        if len(arrived) == 2:
            met[0].set()
        await asyncio.wait_for(met[0].wait(), 30)
        return arrived[-1]

    with ThreadPoolExecutor(2) as pool:
        loops = list(pool.map(lambda _: blocking(meet)(), range(2)))
    assert loops[0] is loops[1]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no")])
def test_what_it_raises_is_raised_and_the_next_call_works(error: BaseException) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(type(error), match="no"):
        blocking(fail)()
    assert blocking(doubled)(1) == 2


def test_a_module_with_an_async_method_is_served() -> None:
    with served(MODULES / "waits") as module:
        assert module(texts="a") == ["a, later"]


def test_hub_run_waits_for_an_async_method() -> None:
    command = [sys.executable, "-m", "hub.cli.call", str(MODULES / "waits"), "--input_text", "a"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "a, later" in done.stdout, done.stderr
