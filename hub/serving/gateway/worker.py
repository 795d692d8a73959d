"""Gunicorn's worker around an event loop: callers' bytes are the loop's, a pool of threads runs the app.

A slow caller costs a descriptor. Health checks and metrics have threads of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import select
import signal
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import uvloop
from gunicorn import sock as gunicorn_sock
from gunicorn.workers.base import Worker

from hub.serving.gateway.connection import Connection
from hub.serving.gateway.context import Gateway, default_threads, http_workers
from hub.serving.gateway.fair_share import FairShare
from hub.serving.gateway.gate import Gate
from hub.serving.gateway.owner import Stage
from hub.serving.gateway.wsgi import WSGI
from hub.serving.messages import state
from hub.serving.process import memory

log = logging.getLogger("hub.gateway")

#: How often deadlines are looked at.
SWEEP_SECONDS: Final = 0.5
#: A TLS connection that is not agreed on by then is closed.
HANDSHAKE_SECONDS: Final = 15.0
#: Bodies that held so many bytes together leave holes among the small blocks of memory when they go.
_MANY_BYTES: Final = 32_000_000
#: Memory is given back when there were fewer for so long: it holds up all who allocate meanwhile.
_QUIET_SECONDS: Final = 3.0
#: While the server stops, a connection that has sent nothing yet is kept this long.
SILENT_SECONDS: Final = 2.0
#: Streams that are not over so long before the end are told to end: their callers shall hear of it.
_LAST_WORDS_SECONDS: Final = 2.0
#: For so long a worker that has more connections than others lets them take the next one.
_COURTESY_SECONDS: Final = 0.001
#: The most connections of one worker, where descriptors allow.
_MAX_CONNECTIONS: Final = 20_000
#: Descriptors for everything but callers; each thread may hold one to a runner.
_OWN_DESCRIPTORS: Final = 100
#: No more connections can be had at the moment; trying again at once would only burn a core.
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_EXHAUSTED_PAUSE_SECONDS: Final = 0.1
#: The kernel takes so much of a reply ahead of what it has sent; to copy more for hundreds holds the loop.
_UNSENT_BYTES: Final = 131_072
#: Whose place another may take, first those whose end costs least.
_EVICTED: Final = (Stage.IDLE, Stage.HEAD, Stage.BODY, Stage.DISCARDING, Stage.SENDING)
#: Answered by threads of their own, so that they are answered always: by path, and how many.
_RESERVED: Final = {"/health": 2, "/v2/health/": 2, "/metrics": 1}
#: Threads of the pool that are there from the start.
_FIRST_THREADS: Final = 2


class LoopWorker(Worker):  # type: ignore[misc]  # Gunicorn is not typed
    """One HTTP worker.

    Attributes:
        shelves: the connections by what they wait for, each in order of time.
        unsent: bytes of replies whose callers have not taken them yet.
    """

    alive: bool

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.shelves: dict[Stage, dict[Connection, None]] = {stage: {} for stage in Stage}
        self.unsent: dict[Connection, int] = {}
        self._adopting: set[asyncio.Task[None]] = set()
        self._is_quick = False
        self._many_until = 0.0

    def now(self) -> float:
        """Return the loop's time."""
        return self.loop.time()

    # -- Gunicorn's side ----------------------------------------------------------------------------

    def init_process(self) -> None:
        """Make what must be made after the fork; Gunicorn's own part ends with ``run``."""
        self.loop = uvloop.new_event_loop()
        self.tls: ssl.SSLContext | None = gunicorn_sock.ssl_context(self.cfg) if self.cfg.is_ssl else None
        super().init_process()

    def init_signals(self) -> None:
        """Have the loop take the signals."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        self.loop.add_signal_handler(signal.SIGTERM, self._stop)
        for number in (signal.SIGINT, signal.SIGQUIT):
            self.loop.add_signal_handler(number, self._stop_at_once)
        self.loop.add_signal_handler(signal.SIGUSR1, self.log.reopen_files)
        self.loop.add_signal_handler(signal.SIGWINCH, lambda: None)

    def load_wsgi(self) -> None:
        """Load the app, and what the connections need to know of it."""
        self.wsgi: WSGI = self.app.wsgi()
        gateway: Gateway = self.app.gateway
        self.gateway = gateway
        config = gateway.config
        self.gate = Gate(gateway)
        self.inflight = gateway.inflight
        self.limits = gateway.limits
        self.keepalive, self.reply_timeout = config.keepalive, config.reply_timeout
        self.address = (config.host, config.port)
        threads = default_threads(config)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="http")
        self._reserved = {path: ThreadPoolExecutor(count, "reserved") for path, count in _RESERVED.items()}
        self._max_connections = _connections(threads)
        workers = http_workers(config)
        self._max_unsent = self.limits.max_inflight // workers
        self._share = FairShare(workers, gateway.run_dir.connections)

    def run(self) -> None:
        """Serve until told to stop, and until what has begun has ended."""
        self._reserve_threads()
        self.loop.set_exception_handler(_report)
        code = 0
        try:
            self.loop.run_until_complete(self._serve())
        except Exception:
            log.exception("this HTTP worker ends; another is started")
            code = 1
        os._exit(code)  # threads may still wait for runners whose callers are gone

    async def _serve(self) -> None:
        for listener in self._listeners():
            self.loop.add_reader(listener.fileno(), self._accept, listener)
        while self.alive:
            if self.ppid != os.getppid():
                log.warning("Gunicorn's master is gone; this HTTP worker ends")
                break
            await self._tick()
        self.alive = False
        self._stop_accepting()
        await self._drain()

    async def _tick(self) -> None:
        self.notify()
        self._sweep()
        self._note_bytes_held()
        await asyncio.sleep(SWEEP_SECONDS)

    # -- connections come -----------------------------------------------------------------------------

    def _listeners(self) -> list[socket.socket]:
        return [listener.sock for listener in self.sockets]

    def _accept(self, listener: socket.socket) -> None:
        """Take who waits, or first give workers with fewer connections the time to."""
        if self._share.is_exceeded:
            self._pause(listener, _COURTESY_SECONDS)
        else:
            self._take(listener)

    def _take(self, listener: socket.socket) -> None:
        """Take who waits; where there is no room, end who has the least to lose."""
        for _ in range(self._share.at_once):
            if not self._has_room() and not self._evict():
                self._pause(listener, _EXHAUSTED_PAUSE_SECONDS)
                return
            try:
                client, _ = listener.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    log.error("no connection can be accepted: %s", error.strerror)
                    self._evict()
                    self._pause(listener, _EXHAUSTED_PAUSE_SECONDS)
                elif error.errno == errno.EINVAL:  # another worker, which stops too, has shut it down
                    self.loop.remove_reader(listener.fileno())
                elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                    log.error("a connection could not be accepted: %s", error)
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
            task = self.loop.create_task(self._adopt(client))
            self._adopting.add(task)
            task.add_done_callback(self._adopting.discard)
            self._share.note(self._count())

    async def _adopt(self, client: socket.socket) -> None:
        """Make a connection of it; over TLS that takes a handshake."""
        handshake = {"ssl_handshake_timeout": HANDSHAKE_SECONDS} if self.tls is not None else {}
        try:
            await self.loop.connect_accepted_socket(
                lambda: Connection(self), client, ssl=self.tls, **handshake
            )
        except (TimeoutError, OSError, ssl.SSLError) as error:
            log.debug("a connection did not come about: %r", error)
            client.close()

    def _has_room(self) -> bool:
        return self._count() < self._max_connections

    def _count(self) -> int:
        return sum(map(len, self.shelves.values())) + len(self._adopting)

    def _evict(self) -> bool:
        """End the oldest connection of those that have the least to lose; False where there is none."""
        for stage in _EVICTED:
            for connection in self.shelves[stage]:
                connection.evict()
                return True
        return False

    def _pause(self, listener: socket.socket, seconds: float) -> None:
        self.loop.remove_reader(listener.fileno())
        self.loop.call_later(seconds, self._go_on, listener)

    def _go_on(self, listener: socket.socket) -> None:
        if self.alive:
            self.loop.add_reader(listener.fileno(), self._accept, listener)
            self._take(listener)

    def _sweep(self) -> None:
        """End what takes too long."""
        now = self.now()
        self._share.note(self._count())
        for shelf in self.shelves.values():
            for connection in [each for each in shelf if each.due < now]:
                connection.overdue()

    def _note_bytes_held(self) -> None:
        """When many bytes of bodies have come and gone, have a thread give the system what they took."""
        now = self.now()
        if self.inflight.held >= _MANY_BYTES:
            self._many_until = now + _QUIET_SECONDS
        elif self._many_until and now > self._many_until:
            self._many_until = 0.0
            self.submit(memory.collect, "")

    def forget(self, connection: Connection) -> None:
        """Take it from its shelf: it waits for something else, or has ended."""
        self.shelves[connection.stage].pop(connection, None)
        self.unsent.pop(connection, None)

    # -- requests and replies -------------------------------------------------------------------------

    def submit(self, work: Callable[[], None], path: str) -> None:
        """Have a thread do it."""
        pool = next((each for start, each in self._reserved.items() if path.startswith(start)), self._pool)
        try:
            pool.submit(work)
        except RuntimeError as error:  # the work is queued, for those that there are
            log.error("no further thread can be started: %s", error)

    def _reserve_threads(self) -> None:
        """Start some threads now: whatever happens later, these are there."""
        pools = [(self._reserved[path], count) for path, count in _RESERVED.items()]
        pools.append((self._pool, _FIRST_THREADS))
        for pool, count in pools:
            for _ in range(count):
                pool.submit(time.sleep, 0.01)

    def is_sending(self, connection: Connection, size: int) -> None:
        """Note a reply that its caller takes slowly; too much of them, and the slowest is cut off."""
        self.unsent[connection] = size
        while sum(self.unsent.values()) > self._max_unsent and len(self.unsent) > 1:
            slowest = next(iter(self.unsent))
            slowest.evict()

    # -- the end --------------------------------------------------------------------------------------

    def _stop(self) -> None:
        self.alive = False

    def _stop_at_once(self) -> None:
        self.alive = False
        self._is_quick = True

    def _stop_accepting(self) -> None:
        """Leave the socket to others; where nobody follows, take who waits and then refuse.

        The kernel would go on accepting: callers would wait for the last running request and then be cut
        off, where a refused one is free to ask another server at once.
        """
        is_last = state.read(self.app.run_dir.state).draining
        for listener in self._listeners():
            self.loop.remove_reader(listener.fileno())
            if not is_last:
                continue
            waiting = select.poll()
            waiting.register(listener, select.POLLIN)
            # Not POLLIN alone: a socket that another worker has shut down is readable for ever.
            while waiting.poll(0) == [(listener.fileno(), select.POLLIN)] and self._has_room():
                self._take(listener)
                self.loop.remove_reader(listener.fileno())
            with contextlib.suppress(OSError):  # another worker was faster
                listener.shutdown(socket.SHUT_RDWR)

    async def _drain(self) -> None:
        """Wait until every request has its reply, for ``graceful_timeout`` at most."""
        silent_until = self.now() + SILENT_SECONDS
        latest = self.now() + self.cfg.graceful_timeout
        last_words = latest - min(_LAST_WORDS_SECONDS, self.cfg.graceful_timeout / 2)
        while self._count() and not self._is_quick and self.now() < latest:
            for shelf in self.shelves.values():
                for connection in list(shelf):
                    connection.end_when_done(silent_until)
                    if self.now() >= last_words:
                        connection.end_stream()
            self.notify()
            self._sweep()
            await asyncio.sleep(0.02)


def _connections(threads: int) -> int:
    """Return how many connections the descriptors of this process allow."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MAX_CONNECTIONS
    return max(soft // 4, min(_MAX_CONNECTIONS, soft - _OWN_DESCRIPTORS - threads))


def _report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log a mistake of the server in a connection; a broken peer is an everyday event."""
    error = context.get("exception")
    if isinstance(error, (OSError, ssl.SSLError)):
        log.debug("a connection broke: %r", error)
    else:
        log.error("a mistake of the server: %s", context.get("message"), exc_info=error)
