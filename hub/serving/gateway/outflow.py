"""A reply that is sent piece by piece: from the thread that makes the pieces to the loop that sends them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Final

from hub.errors import HubError
from hub.serving.gateway import wsgi
from hub.serving.gateway.wsgi import Reply

log = logging.getLogger("hub.gateway")

_LAST_CHUNK: Final = b"0\r\n\r\n"


class Outflow:
    """Hands over one piece at a time: the next only when the caller has taken the last one.

    So a slow caller holds two pieces in memory, and makes the module wait.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, write: Callable[[bytes], None]) -> None:
        """Take pieces for ``write``, which is called in the loop's thread."""
        self._loop = loop
        self._write = write
        self._has_room = threading.Event()
        self._has_room.set()
        self._is_over = False

    # -- in the loop's thread -------------------------------------------------------------------------

    def go_on(self) -> None:
        """Take the next piece: the last one has left."""
        self._has_room.set()

    def end(self) -> None:
        """Take no more: the caller has left."""
        self._is_over = True
        self._has_room.set()

    # -- in the thread of the pool --------------------------------------------------------------------

    def run(self, reply: Reply) -> Reply | None:
        """Hand the pieces over, then close them; return what is still to be sent then, as the reply's end.

        None: it did not come to an end, so the connection must.
        """
        assert reply.pieces is not None
        head = reply.head
        try:
            for piece in reply.pieces:
                data = b"%x\r\n%b\r\n" % (len(piece), piece) if reply.is_chunked else piece
                if not self._put(head + data):
                    return None
                head = b""
            return Reply(head, _LAST_CHUNK if reply.is_chunked else b"", reply.keep_alive)
        except HubError as error:
            log.warning("a reply is cut off in its middle: %s", error)
            return None
        except Exception:
            log.exception("a mistake of the server in the middle of a reply")
            return None
        finally:
            wsgi.close(reply.pieces)

    def _put(self, data: bytes) -> bool:
        """Wait until there is room, and hand a piece over; False when the caller has left."""
        self._has_room.wait()
        if self._is_over:
            return False
        self._has_room.clear()
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._write, data)
            return True
        return False
