"""[3] From the module's shared listening socket to the next batch of received requests."""

from __future__ import annotations

import logging
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub import envelope
from hub.serving import endpoints, wire
from hub.serving.batcher import BatchPolicy, item_count

log = logging.getLogger("hub.runner")

#: A gateway writes its request at once; one that stalls in the middle gives up its turn.
RECEIVE_SECONDS = 5.0


@dataclass
class Request:
    """A received request. ``arguments`` are the caller's at first, then what the method is called with.

    Attributes:
        notes: remarks for the reply's ``msg`` (an image that could not be read, say).
    """

    connection: socket.socket
    header: dict[str, Any]
    arguments: dict[str, Any]
    image_blobs: dict[str, Any]
    accepted: float
    notes: list[str] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        return str(self.header.get("id", "-"))

    @property
    def deadline(self) -> float:
        return float(self.header["deadline"])

    @property
    def is_at_endpoint(self) -> bool:
        """The result then says its HTTP status itself."""
        return bool(self.header.get("endpoint"))

    @property
    def is_alone(self) -> bool:
        """Resent after a runner died under it: it runs apart, so that blame is certain."""
        return bool(self.header.get("alone"))

    @property
    def wants_announcement(self) -> bool:
        """The gateway wants to know when it starts: to blame it, or because it must not run twice."""
        return bool(self.header.get("announce"))

    def reply(self, frame: wire.Frame) -> None:
        """Answer and close; a gateway that has gone away is no error."""
        try:
            wire.send(self.connection, frame, time.monotonic() + RECEIVE_SECONDS)
        except OSError as error:
            log.info("request %s: nobody takes the reply (%s)", self.request_id, error)
        self.connection.close()


class Intake:
    """Accepts from the listener that all runners of the module share."""

    def __init__(self, listener: socket.socket, stop: int, policy: BatchPolicy) -> None:
        self._listener = listener
        self._stop = stop
        self._policy = policy

    def next_batch(self, timeout: float, on_accept: Callable[[], None]) -> list[Request]:
        """Wait up to ``timeout`` seconds for work; empty when none came or the runner drains.

        More requests are taken while the policy wants them; a resent one ends the collecting.
        """
        was_idle = False
        connection = self._accept()
        if connection is None:
            was_idle = True
            if not self._wait(timeout):
                return []
            connection = self._accept()
        if connection is None:  # another runner was faster
            return []
        on_accept()
        first_at = time.monotonic()
        batch: list[Request] = []
        items = 0
        while connection is not None:
            request = _receive(connection)
            if request is not None:
                batch.append(request)
                items += item_count(request, self._policy.argument)
                if request.is_alone:
                    break
            connection = self._another(items, first_at, was_idle)
        return batch

    def _another(self, items: int, first_at: float, was_idle: bool) -> socket.socket | None:
        """The next waiting connection if the policy has room, waiting as long as it allows."""
        policy = self._policy
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
        except (BlockingIOError, InterruptedError):
            return None
        return connection

    def _wait(self, seconds: float) -> bool:
        """True when the listener has a connection; False after the time, or when draining."""
        poller = select.poll()
        poller.register(self._listener, select.POLLIN)
        poller.register(self._stop, select.POLLIN)
        ready = [descriptor for descriptor, _ in poller.poll(max(1.0, seconds * 1000))]
        return self._stop not in ready and bool(ready)


def _receive(connection: socket.socket) -> Request | None:
    """Read the request off an accepted connection; None (and closed) if there is none to be had."""
    accepted = time.monotonic()
    try:
        frame = wire.receive(connection, accepted + RECEIVE_SECONDS)
        arguments = envelope.loads(frame.blobs[0])
        images = _image_blobs(frame)
        endpoint = frame.header.get("endpoint")
        if endpoint:
            files = {name: bytes(frame.blobs[number]) for name, number in frame.header["files"].items()}
            arguments = endpoints.arguments(endpoint, arguments, files)
        float(frame.header["deadline"]), float(frame.header["sent"])
    except wire.PeerClosed:
        connection.close()  # the caller left while its request was waiting
        return None
    except (OSError, wire.ProtocolError, ValueError, IndexError, KeyError, TypeError) as error:
        log.warning("a request could not be received: %r", error)
        connection.close()
        return None
    return Request(connection, frame.header, arguments, images, accepted)


def _image_blobs(frame: wire.Frame) -> dict[str, Any]:
    """Argument name → its image bytes, one or a list, by the blob numbers in the header."""
    found: dict[str, Any] = {}
    for name, numbers in frame.header.get("images", {}).items():
        if isinstance(numbers, list):
            found[name] = [frame.blobs[number] for number in numbers]
        else:
            found[name] = frame.blobs[numbers]
    return found
