"""A small request over gRPC, in the event loop from its message to its reply.

As over HTTP (``gateway/conversation.py``) no thread takes part, and one goes on with what takes longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

from hub.errors import QueueFullError
from hub.serving.gateway import delivery, runner_client
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.delivery import Call, Handler, ModuleReply
from hub.serving.gateway.runner_client import RunnerClient, Steps, Wait
from hub.serving.messages import wire
from hub.serving.process import logs

T = TypeVar("T")


class InThread(Protocol):
    """Has a thread do something; raises QueueFullError where all are busy."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


async def run(handler: Handler[T], client: RunnerClient, in_thread: InThread) -> T:
    """Run a handler to its end; raises what it raises, and CancelledError where its caller has left."""
    step: Callable[[], Call | None] = partial(next, handler)
    while logs.takes_lines():  # or the one who writes the next line would wait
        try:
            call = step()
        except StopIteration as end:
            result: T = end.value
            return result
        if call is None:
            step = partial(next, handler)
            break
        steps = client.steps(call.module, call.body, call.context)
        try:
            takes_longer, reply = await _reply(steps)
        except asyncio.CancelledError:
            steps.close()
            with contextlib.suppress(CallerLeft, StopIteration):
                handler.throw(CallerLeft())
            raise
        step = partial(_go_on, handler, reply)
        if takes_longer:
            break
    try:
        return await in_thread(partial(delivery.run, handler, client, step))
    except QueueFullError as error:
        return delivery.run(handler, client, partial(handler.throw, error))


def _go_on(handler: Handler[Any], reply: Callable[[], ModuleReply]) -> Call | None:
    return delivery.answered(handler, reply)()


async def _reply(steps: Steps) -> tuple[bool, Callable[[], ModuleReply]]:
    """Return how to get the module's reply, or the error instead, and whether that takes longer."""
    try:
        while True:
            step = next(steps)
            if isinstance(step, Wait):
                is_late = await _wait(step)
                if is_late or wire.has_whole_frame(step.connection):
                    continue
            return True, partial(delivery.joined, runner_client.waited(steps, step))
    except StopIteration as end:
        return False, partial(delivery.with_items, end.value, ())
    except Exception as problem:
        return False, partial(_fail, problem)


def _fail(problem: Exception) -> ModuleReply:
    raise problem


async def _wait(wait: Wait) -> bool:
    """Return when the runner says something, or when it is too late, which is True."""
    loop = asyncio.get_running_loop()
    is_late: asyncio.Future[bool] = loop.create_future()

    def happened(late: bool) -> None:
        if not is_late.done():
            is_late.set_result(late)

    descriptor = wait.connection.fileno()
    loop.add_reader(descriptor, happened, False)
    timer = loop.call_later(max(0.0, wait.deadline - time.monotonic()), happened, True)
    try:
        return await is_late
    finally:
        timer.cancel()
        loop.remove_reader(descriptor)
