"""The way to runners on this machine: their module's Unix socket, whose backlog is the module's queue."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from hub import errors
from hub.serving.gateway.blame import cause_of_death
from hub.serving.gateway.body import Body
from hub.serving.gateway.delivery import Delivery, Items, ModuleReply, joined, refuse_unless_served
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages import death, wire
from hub.serving.messages.state import ModuleState, StateReader

log = logging.getLogger("hub.gateway")

#: Pause before an already admitted request knocks again at a full queue.
FULL_PAUSE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Wait:
    """The next thing is that the runner says something, or that it is too late (``time.monotonic()``)."""

    connection: socket.socket
    deadline: float

    def wait(self) -> None:
        """Return when it has happened."""
        poller = select.poll()
        poller.register(self.connection, select.POLLIN)
        poller.poll(max(0.0, self.deadline - time.monotonic()) * 1000)


#: The steps of a delivery: waits for the runner and the items of a stream as JSON, then the reply.
Steps = Generator[bytes | Wait, None, ModuleReply]


class RunnerClient:
    """Sends each request over a connection of its own, and again when a runner died under it.

    One instance serves all threads.
    """

    def __init__(self, states: StateReader, quarantine: Quarantine | None = None) -> None:
        self._states = states
        self._quarantine = quarantine or Quarantine()

    def call(self, module: ModuleState, body: Body, context: RequestContext) -> ModuleReply:
        """Have the module answer, a stream with a list of its items; raises RequestError, or CallerLeft."""
        return joined(self.stream(module, body, context))

    def stream(self, module: ModuleState, body: Body, context: RequestContext) -> Items:
        """Yield the items of a stream as they come; of another method just return the reply.

        Raises:
            RequestError, CallerLeft.
        """
        return waited(self.steps(module, body, context))

    def steps(self, module: ModuleState, body: Body, context: RequestContext) -> Steps:
        """Do the same, but yield each wait for the runner instead of waiting; nothing blocks until the first.

        Raises:
            RequestError, CallerLeft.
        """
        self._quarantine.check(module, body)
        delivery = Delivery(module, body, context)
        while True:
            with self._connect(delivery) as connection:
                try:
                    with context.caller.waits_for(connection):
                        return (yield from _run(delivery, connection))
                except (wire.PeerClosed, ConnectionError) as error:
                    log.warning("request %s: its runner went away (%r)", context.request_id, error)
            runner, sent, cause = delivery.runner, delivery.sent, death.UNKNOWN
            if not delivery.items:
                cause = cause_of_death(self._states, module.name, runner, sent, delivery.deadline)
            delivery.runner_died(self._quarantine, cause)

    def _connect(self, delivery: Delivery) -> socket.socket:
        """Connect: take a place in the module's queue.

        Raises:
            QueueFullError: no place, at the first attempt; a request once admitted waits for one instead.
            UnavailableError: the module has failed or is gone.  DeadlineError.
        """
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            try:
                connection.connect(delivery.module.socket)
                return connection
            except BlockingIOError:
                connection.close()
                if delivery.number == 1:
                    raise delivery.queue_full() from None
            except (ConnectionRefusedError, FileNotFoundError) as error:
                connection.close()
                refuse_unless_served(
                    delivery.module.name, self._states.current().modules.get(delivery.module.name)
                )
                if delivery.number == 1:
                    raise errors.UnavailableError(
                        f"{delivery.module.name} takes no requests at the moment", retry_after=1
                    ) from error
            delivery.pause(FULL_PAUSE_SECONDS)


def waited(steps: Steps, first: bytes | Wait | None = None) -> Items:
    """Yield the items of a stream, and wait in this thread in between.

    ``first`` is what it waits for at the moment, where it has begun.
    """
    with contextlib.closing(steps):
        step = first
        while True:
            if isinstance(step, Wait):
                step.wait()
            elif step is not None:
                yield step
            try:
                step = next(steps)
            except StopIteration as end:
                reply: ModuleReply = end.value
                return reply


def _run(delivery: Delivery, connection: socket.socket) -> Steps:
    """Send, wait, receive; yield the items of a stream.

    Raises:
        PeerClosed, ConnectionError: the runner died, or the caller left.  RequestError.
    """
    delivery.begin_attempt()
    try:
        wire.send(connection, delivery.frame(), delivery.deadline)
        while True:
            yield Wait(connection, delivery.deadline)
            frame = wire.receive(connection, delivery.deadline)
            if frame.kind == wire.ITEM:
                delivery.items += 1
                yield bytes(frame.blobs[0])
                delivery.expect_item()  # the time that its caller takes is not the module's
            elif frame.kind == wire.STARTED:
                delivery.has_started, delivery.runner = True, frame.header.get("pid")
            else:
                return delivery.reply(frame)
    except TimeoutError as error:
        raise delivery.too_late() from error
