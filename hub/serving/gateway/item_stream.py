"""The answer of a stream's method: items as they come, and a last line that says how it ended.

As NDJSON, or as server-sent events. Until the first item is there, a request fails as every other does; then
the reply has begun, and an error is its last line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from hub import envelope
from hub.serving.gateway.body import Body
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.delivery import Items, ModuleReply
from hub.serving.gateway.error_responses import CLIENT_CLOSED_REQUEST
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.targets import Target, explain
from hub.serving.messages.state import ModuleState

log = logging.getLogger("hub.gateway")

NDJSON: Final = "application/x-ndjson"
EVENTS: Final = "text/event-stream"


@dataclass(frozen=True)
class Form:
    """How items and the last line are written."""

    content_type: str
    item: Callable[[bytes], bytes]
    end: Callable[[bytes], bytes]


LINES: Final = Form(NDJSON, lambda data: data + b"\n", lambda data: data + b"\n")
SERVER_SENT: Final = Form(
    f"{EVENTS}; charset=utf-8",
    lambda data: b"data: %b\n\n" % data,
    lambda data: b"event: end\ndata: %b\n\n" % data,
)


class ItemStream:
    """A stream whose first item is there; iterate over what is sent, then close it.

    Attributes:
        code: of HTTP, by which it is logged and counted: of the error that is its last line, if it is one.
    """

    def __init__(
        self,
        target: Target,
        module: ModuleState,
        context: RequestContext,
        body: Callable[[], Body],
        form: Form,
    ) -> None:
        """Take a place in the module's queue, read the body, wait for the first item.

        Raises:
            RequestError, CallerLeft.
        """
        self.code = CLIENT_CLOSED_REQUEST
        self._target, self._module, self._form = target, module, form
        self._at_end: list[Callable[[int], None]] = []
        with ExitStack() as opened:
            opened.enter_context(target.admitted(module, context))
            content = body()
            content.method = target.method
            self._items: Items = target.gateway.dispatcher.stream(module, content, context)
            opened.callback(self._items.close)
            self._reply: ModuleReply | None = None
            self._first = self._next()
            self._opened = opened.pop_all()

    def at_end(self, told: Callable[[int], None]) -> None:
        """Call ``told`` with the code when it is over."""
        self._at_end.append(told)

    def __iter__(self) -> Iterator[bytes]:
        try:
            item = self._first
            while item is not None:
                yield self._form.item(item)
                item = self._next()
            code, last = 200, self._success()
        except CallerLeft:
            return
        except Exception as problem:
            error = explain(problem)
            code, last = (
                error.http_status,
                envelope.stream_failure(str(error), error.status, type(error).__name__),
            )
        yield self._form.end(last)
        self.code = code

    def close(self) -> None:
        """End it, wherever it is, and say so; called once more, do nothing."""
        self._opened.close()
        told, self._at_end = self._at_end, []
        for each in told:
            each(self.code)

    def _next(self) -> bytes | None:
        """Return the next item, None where there is none; raises RequestError, CallerLeft."""
        if self._reply is not None:
            return None
        try:
            return next(self._items)
        except StopIteration as end:
            reply: ModuleReply = end.value
        self._target.count(self._module, reply)
        self._reply = reply
        return reply.results or None  # of a method that a reload made an ordinary one

    def _success(self) -> bytes:
        assert self._reply is not None
        return envelope.stream_success(self._reply.remarks, self._target.gateway.config.status_style)


def form_of(accept: Any) -> Form:
    """Return the form that a request's ``Accept`` (Werkzeug's) asks for: events only where it names them."""
    return SERVER_SENT if accept.best_match((NDJSON, EVENTS), NDJSON) == EVENTS else LINES
