"""The items of a stream between gateway and runner: their time, and what becomes of one that breaks off."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from hub.errors import BindingError, DeadlineError, RunnerLostError, UnavailableError
from hub.serving.gateway.caller import Caller, CallerLeft
from hub.serving.gateway.delivery import Items
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages import wire
from hub.serving.messages.state import ModuleLimits
from hub.serving.messages.wire import ErrorHeader, Frame, ReplyHeader
from tests.serving.gateway import test_delivery
from tests.serving.gateway.test_delivery import BODY, Act, Runner, client, context, die, module, soon

pytestmark = pytest.mark.unit

runner = test_delivery.runner


def say(kind: str, *blobs: bytes, **header: Any) -> Act:
    def act(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # who was to hear it has left
            wire.send(connection, Frame(kind, header, blobs), soon())

    return act


def then(*acts: Act | float) -> Act:
    """Return an act of several, with pauses in seconds."""

    def act(connection: socket.socket) -> None:
        for each in acts:
            time.sleep(each) if isinstance(each, float) else each(connection)

    return act


ONE = say(wire.ITEM, b"1")
END = say(wire.OK, **ReplyHeader().to_json())


def stream(
    runner: Runner, asked: RequestContext | None = None, hang_timeout: float = 120.0, **manifest: Any
) -> Items:
    served = module(str(runner.path), streams=True, **manifest)
    served = replace(served, limits=ModuleLimits(60.0, 16, hang_timeout))
    return client(runner, served).stream(served, BODY, asked or context())


def drawn(items: Items) -> Iterator[bytes]:
    """Yield the items without the reply."""
    yield from items


def test_items_are_yielded_as_they_come_and_the_reply_ends_them(runner: Runner) -> None:
    runner.act(then(ONE, ONE, END))

    assert list(stream(runner)) == [b"1", b"1"]


def test_before_the_first_item_a_stream_is_sent_to_the_next_runner(runner: Runner) -> None:
    runner.act(die, then(ONE, END))

    asked = context()

    assert list(stream(runner, asked)) == [b"1"]
    assert [each.alone for each in runner.calls] == [False, True]
    assert asked.attempts == 2


@pytest.mark.parametrize("idempotent", [True, False])
def test_after_the_first_item_nothing_is_sent_again(runner: Runner, idempotent: bool) -> None:
    runner.act(then(ONE, ONE))
    items = drawn(stream(runner, idempotent=idempotent))
    assert [next(items), next(items)] == [b"1", b"1"]
    with pytest.raises(RunnerLostError, match="in the middle of this stream, after 2 items"):
        next(items)

    assert len(runner.calls) == 1


def test_an_error_after_some_items_is_raised_after_them(runner: Runner) -> None:
    runner.act(then(ONE, say("binding", **ErrorHeader("that is why").to_json())))
    items = drawn(stream(runner))

    assert next(items) == b"1"
    with pytest.raises(BindingError, match="that is why"):
        next(items)


def test_each_item_has_the_whole_timeout(runner: Runner) -> None:
    runner.act(then(0.2, ONE, 0.2, ONE, 0.2, END))

    assert len(list(stream(runner, context(timeout=0.4)))) == 2


def test_an_item_that_does_not_come_in_time_ends_the_stream(runner: Runner) -> None:
    runner.act(then(ONE, 0.5))
    items = drawn(stream(runner, context(timeout=0.1)))

    assert next(items) == b"1"
    with pytest.raises(DeadlineError, match=r"no further item of its stream within 0.1 s"):
        next(items)


def test_the_time_that_the_caller_takes_is_not_the_modules(runner: Runner) -> None:
    runner.act(then(ONE, END))
    items = drawn(stream(runner, context(timeout=0.2)))
    next(items)
    time.sleep(0.3)

    assert list(items) == []


@pytest.mark.parametrize(
    ("pause", "last"), [(0.0, 0.2), (0.7, say(wire.EXPIRED, **ErrorHeader("expired").to_json())), (0.7, die)]
)
def test_the_whole_has_hang_timeout_whoever_notices_first(runner: Runner, last: Any, pause: float) -> None:
    runner.act(then(ONE, 0.6, last))
    items = drawn(stream(runner, context(seconds_ago=59.5), 60.0))
    next(items)
    time.sleep(pause)
    with pytest.raises(DeadlineError, match=r"not over within 60 s \(hang_timeout\)"):
        next(items)


def test_the_runner_is_told_the_end_of_the_whole(runner: Runner) -> None:
    runner.act(then(ONE, END))
    asked = context(timeout=1.0)
    list(stream(runner, asked))

    assert runner.calls[0].deadline == pytest.approx(asked.arrived + 120.0)


def test_closing_the_items_closes_the_connection_to_the_runner(runner: Runner) -> None:
    left = []
    runner.act(then(ONE, 0.1, lambda connection: left.append(wire.peer_has_left(connection))))
    items = stream(runner)
    next(items)
    items.close()
    runner.close()

    assert left == [True]


def test_a_caller_that_hangs_up_ends_the_wait_for_an_item(runner: Runner) -> None:
    caller = Caller()
    runner.act(then(ONE, lambda _: caller.leave(), 0.2))
    items = drawn(stream(runner, context(caller=caller)))
    next(items)
    with pytest.raises(CallerLeft):
        next(items)


@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_a_caller_that_is_refused_is_told_why(runner: Runner, seconds: float) -> None:
    caller = Caller()

    def refuse(connection: socket.socket) -> None:
        time.sleep(seconds)
        caller.refuse(UnavailableError("the server is stopping"))
        caller.refuse(UnavailableError("again"))
        time.sleep(0.2)

    runner.act(then(ONE, refuse))
    items = drawn(stream(runner, context(caller=caller)))
    next(items)
    with pytest.raises(UnavailableError, match="the server is stopping"):
        next(items)
