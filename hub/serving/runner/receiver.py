"""From the module's shared listening socket to the next batch of received requests."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.serving.messages import wire
from hub.serving.messages.wire import ErrorHeader
from hub.serving.runner.batcher import BatchPolicy, item_count
from hub.serving.runner.request import Request

log = logging.getLogger("hub.runner")

#: A gateway writes its request at once; one that stalls in the middle gives up its turn.
RECEIVE_SECONDS = 5.0
#: Pause after the kernel refused to give a connection (no descriptor, say); another runner may have one.
REFUSED_SECONDS = 0.1


@dataclass
class SocketRequest(Request):
    """A request on a connection of its own, which is closed when it is answered or dropped.

    ``on_progress`` is called for each item of a stream, and now and then while its caller takes none.
    """

    connection: socket.socket
    on_progress: Callable[[], None]

    def reply(self, frame: wire.Frame) -> None:
        try:
            wire.send(self.connection, frame, time.monotonic() + RECEIVE_SECONDS)
        except OSError as error:
            log.info("request %s: nobody takes the reply (%s)", self.header.request_id, error)
        self.connection.close()

    def send(self, item: wire.Frame) -> bool:
        try:
            wire.send(self.connection, item, self.header.deadline, self.on_progress)
        except OSError:  # a part of it may have gone, so that nothing can follow
            self.connection.close()
            return False
        self.on_progress()
        return True

    def announce(self) -> bool:
        try:
            started = wire.Frame(wire.STARTED, {"pid": os.getpid()})
            wire.send(self.connection, started, time.monotonic() + RECEIVE_SECONDS)
        except OSError:
            self.connection.close()
            return False
        return True

    def caller_has_left(self) -> bool:
        return self.connection.fileno() < 0 or wire.peer_has_left(self.connection)

    def drop(self) -> None:
        self.connection.close()


class Intake:
    """Accepts from the listener that all runners of the module share.

    ``policies`` are those of the module's serving methods, by the name that requests have for them.
    """

    def __init__(self, listener: socket.socket, stop: int, policies: Mapping[str, BatchPolicy]) -> None:
        self._listener = listener
        self._stop = stop
        self._policies = policies
        self._is_refused = False

    def next_batch(self, timeout: float, on_accept: Callable[[], None]) -> list[SocketRequest]:
        """Wait up to ``timeout`` seconds for work; empty when none came or the runner drains.

        ``on_accept`` is called when there is work, and again as a stream goes on.

        More requests are taken while the policy of the first one's method wants them; one of another method
        and a resent one end the collecting.
        """
        connection = self._accept()
        was_idle = connection is None
        if was_idle:
            if not self._wait(timeout):
                return []
            connection = self._accept()
        if connection is None:  # another runner was faster
            return []
        on_accept()
        first_at = time.monotonic()
        batch: list[SocketRequest] = []
        policy, items = self._policies[wire.FIRST], 0
        while connection is not None:
            request = _receive(connection, on_accept)
            if request is not None:
                batch.append(request)
                if request.header.alone or request.header.method != batch[0].header.method:
                    break
                policy = self._policies.get(request.header.method, policy)
                items += item_count(request, policy.argument)
            connection = self._another(policy, items, first_at, was_idle)
        return batch

    def _another(
        self, policy: BatchPolicy, items: int, first_at: float, was_idle: bool
    ) -> socket.socket | None:
        """Return the next waiting connection if the policy has room, waiting as long as it allows."""
        if not policy.batches or items >= policy.max_batch_size:
            return None
        while True:
            connection = self._accept()
            if connection is not None:
                return connection
            wait_ms = policy.wait(items, (time.monotonic() - first_at) * 1000, was_idle)
            if wait_ms <= 0 or not self._wait(wait_ms / 1000):
                return None

    def _accept(self) -> socket.socket | None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return None
        except OSError as error:
            if not self._is_refused:
                log.error("no request can be accepted: %s; it is tried again", error)
            self._is_refused = True
            time.sleep(REFUSED_SECONDS)
            return None
        self._is_refused = False
        return connection

    def _wait(self, seconds: float) -> bool:
        """Wait for a connection; False after the time, or when draining."""
        poller = select.poll()
        poller.register(self._listener, select.POLLIN)
        poller.register(self._stop, select.POLLIN)
        ready = [descriptor for descriptor, _ in poller.poll(max(1.0, seconds * 1000))]
        return self._stop not in ready and bool(ready)


def _receive(connection: socket.socket, on_progress: Callable[[], None]) -> SocketRequest | None:
    """Read the request off an accepted connection; None (and closed) if there is none to be had."""
    accepted = time.monotonic()
    try:
        frame = wire.receive(connection, accepted + RECEIVE_SECONDS)
        return SocketRequest.from_frame(frame, accepted, connection=connection, on_progress=on_progress)
    except wire.PeerClosed:
        connection.close()  # the caller left while its request was waiting
    except ValueError as error:  # of the parser here, which may take less than the gateway's
        _refuse(connection, f"the arguments cannot be read: {error}")
    except (OSError, wire.ProtocolError, IndexError) as error:
        log.warning("a request could not be received: %r", error)
        connection.close()
    return None


def _refuse(connection: socket.socket, message: str) -> None:
    """Tell the caller that it is its own fault; a connection that just ends would look like a death."""
    frame = wire.Frame("input", ErrorHeader(message).to_json())
    with contextlib.suppress(OSError):
        wire.send(connection, frame, time.monotonic() + RECEIVE_SECONDS)
    connection.close()
