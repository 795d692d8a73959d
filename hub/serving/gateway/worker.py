"""Gunicorn's threaded worker, with what it lacks: a limit on slow senders, no thread for a silent
connection, patience when descriptors run out, a port that refuses while the last requests are finished, and
a way for the application to close a connection whose request it did not read."""

from __future__ import annotations

import contextlib
import errno
import logging
import select
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from hub.serving.messages import state

log = logging.getLogger("hub.gateway")

#: From a connection's first byte to the end of its headers.
HEADER_SECONDS = 15.0
#: After a refusal, an unread body is received and thrown away for this long, so that the sender sees the
#: answer instead of a broken pipe.
DRAIN_SECONDS = 2.0
#: An unread body up to this size Gunicorn throws away itself and keeps the connection.
SMALL_BODY = 64_000

#: No more connections can be had at the moment; trying again at once would only burn a core.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
EXHAUSTED_PAUSE_SECONDS = 0.05

#: A thread stays this long with a connection whose request it has answered.
LINGER_MILLISECONDS = 2

#: While the server stops, a connection that has sent nothing yet is kept this long.
SILENT_SECONDS = 2.0

#: The application sets it in a request's environ to have the connection closed.
CLOSE = "hub.close_connection"

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


#: Connection → when its headers, or its body, must have arrived. Threads set it, the main loop looks at it.
_due: dict[Any, float] = {}


class Due:
    """Have the main loop cut the connection off if this takes longer: a sender that sends a byte now and
    then would otherwise keep its thread for ever. ``deadline`` is of ``time.monotonic``."""

    __slots__ = ("_connection", "_deadline")

    def __init__(self, connection: Any, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def __enter__(self) -> None:
        _due[self._connection] = self._deadline

    def __exit__(self, *_: object) -> None:
        _due.pop(self._connection, None)


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn is not typed
    """See this file's first lines."""

    def accept(self, listener: Any) -> None:
        """Take a connection; it gets a thread when it has sent something.

        Gunicorn would give it one at once and let it keep it for 5 s, and would end the worker when the
        process has no descriptor left.
        """
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                log.error("no connection can be accepted: %s", error.strerror)
                time.sleep(EXHAUSTED_PAUSE_SECONDS)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        self.nr_conns += 1
        conn = TConn(self.cfg, client, address, listener.getsockname())
        try:
            client.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            conn.set_timeout()
            self.pending_conns.append(conn)
            self.poller.register(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
        except OSError:  # it is gone already
            self.nr_conns -= 1
            conn.close()
        else:
            conn.data_ready = True
            self.enqueue_req(conn)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Stop or go on accepting: at too many connections, at few again, when the worker is to end."""
        super().set_accept_enabled(enabled)
        if not self.alive and state.read(self.app.run_dir.state).draining:
            self._refuse_connections()

    def _refuse_connections(self) -> None:
        """Take who waits already, then stop listening, for every process that holds the socket.

        The kernel would go on accepting: callers would wait for the last running request and then be cut
        off, where a refused one is free to ask another server at once.
        """
        for listener in self.sockets:
            waiting = select.poll()
            waiting.register(listener, select.POLLIN)
            while waiting.poll(0) and self.nr_conns < self.worker_connections:
                self.accept(listener)
            with contextlib.suppress(OSError):  # another worker was faster
                listener.shutdown(socket.SHUT_RDWR)
        latest = time.monotonic() + SILENT_SECONDS
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, latest)

    def handle(self, conn: Any) -> Any:
        """Answer a request, and those that follow on the same connection within a moment.

        The way back through the main loop costs more than many a module's work.
        """
        while True:
            with Due(conn.sock, time.monotonic() + HEADER_SECONDS):
                result = super().handle(conn)
            if result is not True or not self._asks_again(conn):
                return result

    def _asks_again(self, conn: Any) -> bool:
        """Tell whether the caller sends again at once; not asked while others wait for a thread."""
        if not self.alive or self.tpool._work_queue.qsize():
            return False
        poller = select.poll()
        poller.register(conn.sock, select.POLLIN)
        return bool(poller.poll(LINGER_MILLISECONDS))

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Tell whether the connection can be used again; a body that was read whole needs no draining."""
        if keepalive and getattr(conn.parser.mesg.body.reader, "length", None) == 0:
            conn.parser.mesg = None
            return True
        return bool(super()._keepalive_after(conn, keepalive))

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Handle a request whose headers are complete."""
        _due.pop(conn.sock, None)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Cut off connections that are overdue; the worker's main loop calls this once a second."""
        super().murder_pending()
        now = time.monotonic()
        for connection, deadline in list(_due.items()):
            if now > deadline:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)  # ends the other thread's recv()


def close_when_asked(app: WSGI) -> WSGI:
    """Let the application end a connection: Gunicorn ignores a ``Connection: close`` of its own."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if environ.get(CLOSE):
                start_response.__self__.force_close()  # type: ignore[attr-defined]
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return wrapped


def discard(stream: Any) -> None:
    """Discard what a refused sender still sends, for a limited time."""
    deadline = time.monotonic() + DRAIN_SECONDS
    # It may have left, stall, or send anything but a chunk.
    with contextlib.suppress(OSError, ValueError, ParseException):
        while stream.read(1 << 16) and time.monotonic() < deadline:
            pass
