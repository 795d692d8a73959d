"""Requests without a connection, which remember how they were answered."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from hub.serving.messages import wire
from hub.serving.messages.wire import CallHeader, ErrorHeader, Frame, ReplyHeader
from hub.serving.runner.request import Request

_serial = itertools.count(1)


@dataclass
class FakeRequest(Request):
    """A request as the executor knows it.

    Attributes:
        has_left: its caller hung up.
        was_announced, was_dropped: what the executor did with it.
        items: of a stream, what was sent before the reply.
    """

    has_left: bool = False
    was_announced: bool = False
    was_dropped: bool = False
    frames: list[Frame] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)

    def send(self, item: Frame) -> bool:
        self.items.append(json.loads(bytes(item.blobs[0])))
        return not self.has_left

    def reply(self, frame: Frame) -> None:
        self.frames.append(frame)

    def announce(self) -> bool:
        self.was_announced = not self.has_left
        return self.was_announced

    def caller_has_left(self) -> bool:
        return self.has_left

    def drop(self) -> None:
        self.was_dropped = True

    @property
    def answer(self) -> Any:
        """What the caller gets: the results, or (kind of error, message)."""
        (frame,) = self.frames
        if frame.kind == wire.OK:
            return json.loads(bytes(frame.blobs[0]))
        return frame.kind, ErrorHeader.from_json(frame.header).message

    @property
    def told(self) -> ReplyHeader:
        """The reply's header."""
        (frame,) = self.frames
        return ReplyHeader.from_json(frame.header)


def make(images: dict[str, Any] | None = None, header: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Return a request with these arguments; ``header`` are fields of its CallHeader."""
    now = time.monotonic()
    fields = {"request_id": f"r-{next(_serial)}", "deadline": now + 60.0, "sent": now, **(header or {})}
    return FakeRequest(CallHeader(**fields), arguments, images or {}, now)
