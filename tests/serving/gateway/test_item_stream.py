"""What is sent of a stream: the form, the last line, and what is held until it is over."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ModuleRaisedError, QueueFullError
from hub.serving.gateway.body import Body
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.delivery import ModuleReply, joined
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import READY, ModuleState
from hub.serving.messages.wire import ReplyHeader
from tests.serving.gateway import apps
from tests.serving.gateway.apps import WARM, Dispatched, Door

pytestmark = pytest.mark.unit

FLOW = ModuleState("flow", "1.0", READY, runners=WARM, manifest=Manifest(method="count", streams=True))


class Streams(Dispatched):
    """Answers with two items and then ``notes`` as remarks, or ``error``."""

    notes: tuple[str, ...] = ()
    items: tuple[bytes, ...] = (b"1", b"2")
    was_closed = False
    attempts = 1

    def stream(
        self, module: ModuleState, body: Body, context: RequestContext
    ) -> Generator[bytes, None, ModuleReply]:
        self.calls.append((module, body, context))
        context.attempts = self.attempts
        try:
            yield from self.items
            if self.error is not None:
                raise self.error
            return ModuleReply(b"", ReplyHeader(notes=self.notes))
        finally:
            self.was_closed = True


@pytest.fixture
def streams() -> Streams:
    return Streams()


def made(folder: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Door:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder / "metrics"))
    door = apps.make(folder, {"flow": FLOW}, **settings)
    door.gateway.dispatcher = streams
    return door


@pytest.fixture
def door(tmp_path: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch) -> Door:
    return made(tmp_path, streams, monkeypatch)


def lines(door: Door) -> list[Any]:
    return [json.loads(line) for line in door.client.post("/predict/flow", json={}).data.splitlines()]


def test_remarks_are_in_the_last_line(door: Door, streams: Streams) -> None:
    streams.notes = ("images[0] is not a readable image",)

    assert lines(door) == [1, 2, {"msg": streams.notes[0], "status": "0"}]


@pytest.mark.parametrize(("attempts", "told"), [(1, None), (2, "2")])
def test_the_attempts_before_the_first_item_are_in_a_header(
    door: Door, streams: Streams, attempts: int, told: str | None
) -> None:
    streams.attempts = attempts

    assert door.client.post("/predict/flow", json={}).headers.get("X-Hub-Attempts") == told


def test_success_is_as_status_style_says(
    tmp_path: Path, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lines(made(tmp_path, streams, monkeypatch, status_style="2.x")) == [1, 2, {"status": "000"}]


def test_the_last_line_of_an_error_is_its_envelope_and_its_class(door: Door, streams: Streams) -> None:
    streams.error = ModuleRaisedError("it raised")
    *items, last = lines(door)
    ordinary = (streams.items, lines(door))

    assert items == [1, 2]
    assert last == {"msg": "it raised", "results": "", "status": "101", "error": "ModuleRaisedError"}
    assert ordinary[1][-1] == last


def test_a_mistake_of_the_server_is_told_without_its_details(door: Door, streams: Streams) -> None:
    streams.error = ZeroDivisionError("a secret")

    assert lines(door)[-1]["msg"].startswith("internal error; the server's log")


def test_an_error_before_the_first_item_is_an_ordinary_reply(door: Door, streams: Streams) -> None:
    streams.items, streams.error = (), QueueFullError("no place", retry_after=1)
    reply = door.client.post("/predict/flow", json={})

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "1")
    assert reply.json == {"msg": "no place", "results": "", "status": "101"}


def test_a_place_is_held_until_the_stream_is_over(door: Door, streams: Streams) -> None:
    reply = door.client.post("/predict/flow", json={}, buffered=False)
    is_held = door.gateway.admission.is_full("flow", 1)
    reply.close()

    assert is_held
    assert not door.gateway.admission.is_full("flow", 1)
    assert streams.was_closed


def test_a_caller_that_has_left_gets_no_last_line(door: Door, streams: Streams) -> None:
    streams.error = CallerLeft()

    assert lines(door) == [1, 2]


def test_a_method_that_a_reload_made_an_ordinary_one_is_one_item(door: Door, streams: Streams) -> None:
    def ordinary(*_: Any) -> Generator[bytes, None, ModuleReply]:
        yield from ()
        return ModuleReply(b"[7]")

    streams.stream = ordinary  # type: ignore[method-assign]

    assert lines(door) == [[7], {"status": "0"}]


@pytest.mark.parametrize(
    ("items", "results", "expected"),
    [((b"1", b"2"), b"", b"[1,2]"), ((), b"", b"[]"), ((), b'"a"', b'"a"')],
)
def test_items_are_joined_to_a_list(items: tuple[bytes, ...], results: bytes, expected: bytes) -> None:
    def stream() -> Generator[bytes, None, ModuleReply]:
        yield from items
        return ModuleReply(results)

    assert joined(stream()).results == expected
