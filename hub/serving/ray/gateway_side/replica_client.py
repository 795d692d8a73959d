"""The way to replicas on a Ray cluster, through Ray Serve's handles.

The deadline is ours, the queue is Ray Serve's. Requests that a dying replica dropped are sent
again, and a request is blamed for a death, by the same rules as on this machine. But Ray does not tell a
replica that was killed from outside from one that crashed, so that every death counts.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
import time
from pathlib import Path
from typing import Any, Final

from ray import serve
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle, DeploymentResponse, DeploymentResponseGenerator

from hub import errors
from hub.serving.gateway.body import Body
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.delivery import Delivery, Items, ModuleReply, refuse_unless_served
from hub.serving.gateway.quarantine import Quarantine
from hub.serving.gateway.request_context import RequestContext
from hub.serving.messages import wire
from hub.serving.messages.state import ModuleState, StateReader
from hub.serving.ray import connection, desired_state
from hub.serving.ray.replica_messages import Parcel

log = logging.getLogger("hub.gateway")

#: Between two attempts to reach the cluster.
RECONNECT_SECONDS: Final = 1.0
#: A worker that has just started lets requests wait so long for its connection.
CONNECT_SECONDS: Final = 10.0
#: How often it is looked whether the client of a request still waits.
LOOK_SECONDS: Final = 0.25
#: Pause before an already admitted request knocks again at a full queue, or at a module on the move.
PAUSE_SECONDS: Final = 0.05


class ReplicaClient:
    """Sends requests to the applications that state.json names. One instance serves all threads.

    Make it after the fork: it connects this process to the cluster, in a thread of its own.
    """

    def __init__(self, run_dir: Path, states: StateReader, quarantine: Quarantine) -> None:
        self._run_dir = run_dir
        self._states = states
        self._quarantine = quarantine
        self._handles: dict[str, DeploymentHandle[Any]] = {}
        self._lock = threading.Lock()
        self._is_connected = threading.Event()
        self._problem = "the gateway is not connected to Ray yet"
        # Not in the main thread: there Ray would take over Gunicorn's signals.
        threading.Thread(target=self._connect, daemon=True, name="ray-connect").start()

    def call(self, module: ModuleState, body: Body, context: RequestContext) -> ModuleReply:
        """Have the module answer; raises RequestError, or CallerLeft."""
        self._quarantine.check(module, body)
        delivery = Delivery(module, body, context)
        while True:
            delivery.begin_attempt()
            handle = self._handle(delivery)
            try:
                return self._send(handle, delivery)
            except BackPressureError as error:
                if delivery.number == 1:
                    raise delivery.queue_full() from error
                delivery.pause(PAUSE_SECONDS)
            except RayServeException as error:
                log.warning("request %s: %s", context.request_id, error)
                with self._lock:
                    self._handles.pop(delivery.module.application, None)
                delivery.pause(PAUSE_SECONDS)
            except RayTaskError:
                raise  # a mistake of ours in the replica
            except RayError as error:
                # Ray Serve itself tries again what no replica had taken; later attempts are announced.
                delivery.has_started |= delivery.number == 1
                first_line = str(error).strip().partition("\n")[0]
                log.warning("request %s: its replica went away (%s)", context.request_id, first_line)
                delivery.runner_died(self._quarantine)
            delivery.module = refuse_unless_served(
                module.name, self._states.current().modules.get(module.name)
            )

    def stream(self, module: ModuleState, body: Body, context: RequestContext) -> Items:
        """Refuse: replicas collect the items of a stream, so that no module here has any."""
        raise errors.NotOfferedError(f"{module.name} gives its items at once on a Ray cluster")

    # -- one attempt -------------------------------------------------------------------------------

    def _send(self, handle: DeploymentHandle[Any], delivery: Delivery) -> ModuleReply:
        """Send, wait, receive.

        Raises:
            RayError: the replica died.  RayServeException: it never got there.  CallerLeft.  RequestError.
        """
        call = Parcel.of(delivery.frame(), seconds=delivery.remaining)
        begun = time.monotonic()
        if delivery.number == 1:
            answer = _ask(handle, delivery, call)
        else:
            answer = asyncio.run(_ask_announced(handle, delivery, call))
        waited = time.monotonic() - begun - answer.seconds
        reply = delivery.reply(answer.frame)
        header = dataclasses.replace(
            reply.header, queue_seconds=max(0.0, waited), generation=delivery.module.generation
        )
        return dataclasses.replace(reply, header=header)

    # -- the cluster -------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Try until connected: then this process stays so, or ends with its node's Ray."""
        while True:
            address = desired_state.read_address(self._run_dir)
            if address is not None:
                try:
                    connection.connect(address)
                    break
                except errors.ServerError as error:
                    self._problem = str(error)
            time.sleep(RECONNECT_SECONDS)
        self._is_connected.set()

    def _handle(self, delivery: Delivery) -> DeploymentHandle[Any]:
        """Return the way to an application; raises UnavailableError while there is none, or no connection."""
        if not self._is_connected.wait(max(0.0, min(CONNECT_SECONDS, delivery.remaining))):
            raise errors.UnavailableError(self._problem, retry_after=2)
        application = delivery.module.application
        if (known := self._handles.get(application)) is not None:
            return known
        with self._lock:
            if application not in self._handles:
                served = {module.application for module in self._states.current().modules.values()}
                for gone in self._handles.keys() - served:
                    del self._handles[gone]
                try:
                    self._handles[application] = serve.get_app_handle(application)
                except (RayServeException, RayError) as error:
                    raise errors.UnavailableError(
                        f"Ray Serve does not have {application} at the moment", retry_after=2
                    ) from error
            return self._handles[application]


def _ask(handle: DeploymentHandle[Any], delivery: Delivery, call: Parcel) -> Parcel:
    response = handle.call.remote(call)
    while True:
        try:
            answer: Parcel = response.result(timeout_s=_patience(delivery))
            return answer
        except TimeoutError:
            _cancel_unless_wanted(delivery, response)


async def _ask_announced(handle: DeploymentHandle[Any], delivery: Delivery, call: Parcel) -> Parcel:
    """Ask once more: now the replica says first when it starts."""
    responses = handle.options(stream=True).call_announced.remote(call)

    async def answer() -> Parcel:
        parcel: Parcel
        async for parcel in responses:
            if parcel.frame.kind != wire.STARTED:
                return parcel
            delivery.has_started = True
        raise RayServeException("the replica ended its answer without one")

    task = asyncio.ensure_future(answer())
    while not (await asyncio.wait({task}, timeout=_patience(delivery)))[0]:
        _cancel_unless_wanted(delivery, responses)
    return await task


def _patience(delivery: Delivery) -> float:
    return max(0.0, min(LOOK_SECONDS, delivery.remaining))


def _cancel_unless_wanted(
    delivery: Delivery, response: DeploymentResponse[Any] | DeploymentResponseGenerator[Any]
) -> None:
    """Raise DeadlineError or CallerLeft, and cancel what was asked, when nobody waits for it any more."""
    has_left = delivery.context.caller.has_left
    if not has_left and delivery.remaining > 0:
        return
    response.cancel()
    raise CallerLeft if has_left else delivery.too_late()
