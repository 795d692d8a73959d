"""One request from its first line to its reply, whatever protocol it came by."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from hub.errors import BindingError
from hub.serving.gateway.caller import Caller

_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}\Z")


class Streamed(Protocol):
    """A reply that is not over when it has begun."""

    def at_end(self, told: Callable[[int], None]) -> None:
        """Call ``told`` with the HTTP code by which it counts when it is over."""


@dataclass
class RequestContext:
    """A request without its body; more is known of it as it goes on.

    Attributes:
        arrived: ``time.monotonic()`` when its headers were there.
        size: bytes to hold for its body while it is handled; 0 where they are held already.
        unpacked: bytes that its body has since it was unpacked; they are held until it is answered.
        timeout: seconds in which the caller wants the answer; only shortens the module's own.
        strict: an image that cannot be read is an error instead of a remark.
        caller: says whether anybody still waits for the reply.
        key_name: name of the API key that it came with.
        module: the module that is meant, once it is known to be served: a label of metrics.
        log_id: the caller's own id in PaddleX's format.
        items: the stream that answers it, which may go on for long.
        attempts: that were made to have it answered.
        item, page: of a page of a job: which of the job's items, and which page of a document.
        is_page: it is one.
        patience: seconds for which it still lets other requests go first: before it starts, then at its
            checkpoints.
    """

    request_id: str
    arrived: float
    size: int = 0
    unpacked: int = 0
    timeout: float | None = None
    strict: bool = False
    caller: Caller = field(default_factory=Caller)
    key_name: str | None = None
    module: str = ""
    log_id: str = ""
    items: Streamed | None = None
    attempts: int = 1
    item: int = 0
    page: int | None = None
    is_page: bool = False
    patience: float = 0.0

    def shorten(self, timeout: float | None) -> None:
        """Take a second timeout into account; the shorter one counts."""
        if timeout is not None:
            self.timeout = timeout if self.timeout is None else min(self.timeout, timeout)

    def deadline(self, limit: float) -> float:
        """Return the ``time.monotonic()`` after which nobody needs the answer; ``limit`` is the module's."""
        return self.arrived + self.shortened(limit) + self.patience

    def shortened(self, limit: float) -> float:
        """Return the seconds of a module's limit, or the fewer ones that the caller wants."""
        return limit if self.timeout is None else min(limit, self.timeout)


def is_request_id(text: str) -> bool:
    """Tell whether a caller's own request id is taken: it stands in log lines and in a header."""
    return _REQUEST_ID.match(text) is not None


def parse_timeout(text: str | None, where: str) -> float | None:
    """Read seconds from a header; raises BindingError for what is not a number above 0."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise BindingError(f"{where} must be a number of seconds above 0, not {text!r}")
    return seconds


def is_true(text: str) -> bool:
    """Tell whether a header's value means yes."""
    return text.lower() in ("1", "true", "yes")
