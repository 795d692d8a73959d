"""The caller of a request, as the thread that works for it sees it: it waits, or it has left."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from hub.errors import RequestError


class CallerLeft(Exception):
    """The caller hung up; there is nobody to answer."""


class Caller:
    """Tells a thread that waits for a runner that nobody needs the answer any more.

    The owner of the caller's connection calls ``leave``, from any thread.
    """

    __slots__ = ("_lock", "_problem", "_runner", "has_left")

    def __init__(self) -> None:
        self.has_left = False
        self._problem: RequestError | None = None
        self._runner: socket.socket | None = None
        self._lock = threading.Lock()

    def leave(self) -> None:
        """Note that the caller has hung up, and end the wait for a runner."""
        with self._lock:  # or the thread could close the connection, and its descriptor be another's
            self.has_left = True
            self._end_wait()

    def refuse(self, problem: RequestError) -> None:
        """End the wait for a runner by an error that the caller is told; the first one counts."""
        with self._lock:
            if self._problem is None:
                self._problem = problem
                self._end_wait()

    def _end_wait(self) -> None:
        if self._runner is not None:
            with contextlib.suppress(OSError):
                self._runner.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def waits_for(self, runner: socket.socket) -> Iterator[None]:
        """Have ``leave`` and ``refuse`` end this connection to a runner.

        Every error that comes of that end, such as PeerClosed or ConnectionError, becomes another.

        Raises:
            CallerLeft: it has left.  RequestError: it was refused.
        """
        with self._lock:
            self._runner = runner
        try:
            if self._reason is not None:
                raise self._reason
            yield
        except Exception as error:
            reason = self._reason
            if reason is None or error is reason:
                raise
            raise reason from error
        finally:
            with self._lock:
                self._runner = None

    @property
    def _reason(self) -> CallerLeft | RequestError | None:
        """Why nobody waits for the runner any more."""
        return CallerLeft() if self.has_left else self._problem
