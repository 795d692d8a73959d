"""The caller of a request, as the thread that works for it sees it: it waits, or it has left."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class CallerLeft(Exception):
    """The caller hung up; there is nobody to answer."""


class Caller:
    """Tells a thread that waits for a runner that nobody needs the answer any more.

    The owner of the caller's connection calls ``leave``, from any thread.
    """

    __slots__ = ("_lock", "_runner", "has_left")

    def __init__(self) -> None:
        self.has_left = False
        self._runner: socket.socket | None = None
        self._lock = threading.Lock()

    def leave(self) -> None:
        """Note that the caller has hung up, and end the wait for a runner."""
        with self._lock:  # or the thread could close the connection, and its descriptor be another's
            self.has_left = True
            if self._runner is not None:
                with contextlib.suppress(OSError):
                    self._runner.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def waits_for(self, runner: socket.socket) -> Iterator[None]:
        """Have ``leave`` end this connection to a runner; raises CallerLeft where that has happened.

        Every error that comes of that end, such as PeerClosed or ConnectionError, becomes CallerLeft.
        """
        with self._lock:
            self._runner = runner
        try:
            if self.has_left:
                raise CallerLeft
            yield
        except Exception as error:
            if self.has_left:
                raise CallerLeft from error
            raise
        finally:
            with self._lock:
                self._runner = None
