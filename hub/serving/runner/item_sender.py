"""A call whose items are sent one by one, as the method makes them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hub import envelope
from hub.checkpoint import checkpoint
from hub.errors import AbandonedError
from hub.module import streams
from hub.serving.messages import wire
from hub.serving.runner.methods import ServingMethod
from hub.serving.runner.request import Request


def send_items(called: ServingMethod, request: Request, on_first: Callable[[], None]) -> None:
    """Call a stream's method and send what it yields; it is closed, whatever ends it.

    It makes an item only when the last one is on its way, so a caller that takes none makes it wait.
    ``on_first`` is called then, and may be called again.

    Raises:
        AbandonedError: the caller has left, or the deadline passed.
        NotJSONResultError: an item has no JSON form.
        Exception, SystemExit: what the method raises.
    """
    with contextlib.closing(streams.items(called.binding.method(**request.arguments))) as items:
        for item in items:
            data = to_json(item)
            if not request.send(wire.Frame(wire.ITEM, {}, [data])):
                raise AbandonedError("nobody takes the items any more")
            on_first()
            checkpoint()


class NotJSONResultError(Exception):
    """The result of a module has no JSON form."""


def to_json(result: object) -> bytes:
    """Return a module's result as JSON; raises NotJSONResultError."""
    try:
        return envelope.dumps(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJSONResultError(str(error)) from error
