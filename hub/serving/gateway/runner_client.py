"""The way to runners on this machine: their module's Unix socket, whose backlog is the module's queue."""

from __future__ import annotations

import logging
import select
import socket
import time
from typing import Final

from hub import errors
from hub.serving.gateway.delivery import Attempt
from hub.serving.gateway.dispatcher import CallerLeft, ModuleReply, ModuleRequest, refuse_unless_served
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.messages import wire
from hub.serving.messages.state import ModuleState, StateReader

log = logging.getLogger("hub.gateway")

#: Pause before an already admitted request knocks again at a full queue.
FULL_PAUSE_SECONDS: Final = 0.02


class SocketDispatcher:
    """Sends each request over a connection of its own, and again when a runner died under it.

    One instance serves all threads.
    """

    def __init__(self, states: StateReader) -> None:
        self._states = states
        self._quarantine = Quarantine()

    def call(self, module: ModuleState, request: ModuleRequest) -> ModuleReply:
        self._quarantine.check(module, request)
        attempt = Attempt(module, request)
        while True:
            with self._connect(attempt) as connection:
                try:
                    return _run(attempt, connection)
                except (wire.PeerClosed, ConnectionError) as error:
                    log.warning("request %s: its runner went away (%r)", request.request_id, error)
            attempt.runner_died(self._quarantine)

    def _connect(self, attempt: Attempt) -> socket.socket:
        """A connection in the module's queue.

        Raises:
            QueueFullError: no place, at the first attempt; a request once admitted waits for one instead.
            UnavailableError: the module has failed or is gone.  DeadlineError.
        """
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            try:
                connection.connect(attempt.module.socket)
                return connection
            except BlockingIOError:
                connection.close()
                if attempt.number == 1:
                    raise attempt.queue_full() from None
            except (ConnectionRefusedError, FileNotFoundError) as error:
                connection.close()
                refuse_unless_served(
                    attempt.module.name, self._states.current().modules.get(attempt.module.name)
                )
                if attempt.number == 1:
                    raise errors.UnavailableError(
                        f"{attempt.module.name} takes no requests at the moment", retry_after=1
                    ) from error
            attempt.pause(FULL_PAUSE_SECONDS)


def _run(attempt: Attempt, connection: socket.socket) -> ModuleReply:
    """Send, wait, receive.

    Raises:
        PeerClosed, ConnectionError: the runner died.  CallerLeft.  RequestError.
    """
    attempt.has_started = False
    deadline = attempt.request.deadline
    try:
        wire.send(connection, attempt.frame(), deadline)
        while True:
            _await_reply(connection, attempt.request)
            frame = wire.receive(connection, deadline)
            if frame.kind != wire.STARTED:
                return attempt.reply(frame)
            attempt.has_started = True
    except TimeoutError as error:
        raise attempt.too_late() from error


def _await_reply(connection: socket.socket, request: ModuleRequest) -> None:
    """Wait until the runner says something, watching the client's connection meanwhile."""
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    if request.caller is not None:
        poller.register(request.caller, select.POLLRDHUP)
    remaining = request.deadline - time.monotonic()
    ready = [descriptor for descriptor, _ in poller.poll(max(0.0, remaining) * 1000)]
    if connection.fileno() in ready:
        return
    if ready:
        raise CallerLeft
    raise TimeoutError
