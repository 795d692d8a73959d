"""A replica: one loaded copy of a module in a process of Ray's, the counterpart of a runner.

Ray Serve starts it, sends it requests, joins them to batches and asks after its health. From the frame on all
is as in a runner: the same binding, decoding, batching by equal arguments, execution and replies. Private to
Ray, with a contract test: where a replica opens its port (``_listen_on_loopback``).
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from ray import serve

import hub
from hub.errors import HubError
from hub.serving.config.ray import OF_NODES
from hub.serving.messages import wire
from hub.serving.messages.state import ProcessState
from hub.serving.process import logs, private_tmp, procfs
from hub.serving.ray import node_files
from hub.serving.ray.desired_state import Deployment
from hub.serving.ray.replica_messages import Parcel, ReplicaReport
from hub.serving.runner.batcher import BatchPolicy, item_count
from hub.serving.runner.executor import Executor
from hub.serving.runner.loader import load, load_error
from hub.serving.runner.request import Request

log = logging.getLogger("hub.runner")

#: Of the folders for files that last as long as a replica does.
_FOLDER: Final = "hub-replica"
#: A resent request starts this long after it was announced: the announcement must be on its way before the
#: module may end the process.
ANNOUNCE_SECONDS: Final = 0.05


class DidNotLoadError(Exception):
    """The reason that Ray Serve shows; its text follows the class's name on the last line."""


@dataclass
class RayRequest(Request):
    """A request that an ``asyncio`` call waits for; answered from an executor's thread."""

    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[wire.Frame]
    may_start: threading.Event = field(default_factory=threading.Event)
    announced: asyncio.Event = field(default_factory=asyncio.Event)
    has_left: bool = False

    def reply(self, frame: wire.Frame) -> None:
        self.loop.call_soon_threadsafe(_resolve, self.answer, frame)

    def send(self, item: wire.Frame) -> bool:
        raise AssertionError("a replica's streams are collected")

    def announce(self) -> bool:
        self.loop.call_soon_threadsafe(self.announced.set)
        self.may_start.wait()
        return not self.has_left

    def caller_has_left(self) -> bool:
        return self.has_left

    def drop(self) -> None:
        self.loop.call_soon_threadsafe(self.answer.cancel)

    def leave(self) -> None:
        """Drop it: nobody waits for it any more."""
        self.has_left = True
        self.may_start.set()


class Replica:
    """Ray Serve's deployment class."""

    def __init__(self, deployment: dict[str, Any], version: str) -> None:
        """Load the module.

        Args:
            deployment: by ``Deployment.to_json``, so that a node with another version can say so.
            version: the server's, of HubServing.

        Raises:
            DidNotLoadError: with the reason.
        """
        self._node = socket.gethostname()
        self._servers: dict[str, float] = {}
        self._limit = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: dict[int, float] = {}
        private_tmp.sweep(_FOLDER)
        self._files = private_tmp.make(_FOLDER)
        # A module that is not thread-safe is loaded and called in one thread.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="module")
        try:
            if version != hub.__version__:
                raise HubError(
                    f"this node has hubserving {hub.__version__}, the server {version}; "
                    f"install the same on all: {OF_NODES}"
                )
            self._deployment = Deployment.from_json(deployment)
            if self._deployment.is_private:
                _listen_on_loopback()
            self._executor, concurrency = self._pool.submit(self._load, self._deployment).result()
        except BaseException as error:
            log.exception("the module did not load")
            raise DidNotLoadError(f"{load_error(error)} (on {self._node})") from None
        if concurrency > 1:
            self._pool.shutdown()
            self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="module")
        self._batched = {
            method: _batcher(policy, concurrency, self._run)
            for method, policy in self._executor.policies.items()
        }

    def _load(self, deployment: Deployment) -> tuple[Executor, int]:
        spec = deployment.spec
        logs.set_up(spec.log_format, f"{spec.name}#{os.getpid()}")
        folder = node_files.find_module(spec, is_shared=deployment.is_shared, home=deployment.home)
        spec = dataclasses.replace(spec, directory=str(folder))
        return load(spec, use_gpu=deployment.gpu, run_dir=self._files.path, collects=True)

    def __del__(self) -> None:
        """Remove its files; Ray Serve calls this when it ends a replica by its own will."""
        self._files.remove()

    # -- what Ray Serve calls ----------------------------------------------------------------------

    def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Keep how many requests Ray Serve sends at once; called at first and when that changes."""
        self._limit = int(user_config["max_ongoing_requests"])

    def check_health(self) -> None:
        """Raise when a batch takes longer than ``hang_timeout``: Ray Serve then replaces this replica."""
        longest = max((time.monotonic() - since for since in list(self._busy.values())), default=0.0)
        if longest > self._deployment.hang_timeout:
            raise RuntimeError(f"busy with one batch for {longest:.0f} s")

    # -- what the gateway calls --------------------------------------------------------------------

    async def call(self, parcel: Parcel) -> Parcel:
        """Answer the frame of kind ``call`` that the gateway sent."""
        request = self._receive(parcel)
        request.may_start.set()  # nobody can be told before the answer: what came this far counts as started
        try:
            return _reply(request, await request.answer)
        except asyncio.CancelledError:
            request.leave()
            raise

    async def call_announced(self, parcel: Parcel) -> AsyncIterator[Parcel]:
        """Answer a request that was sent before: say first when it starts."""
        request = self._receive(parcel)
        try:
            announced = asyncio.ensure_future(request.announced.wait())
            await asyncio.wait((announced, request.answer), return_when=asyncio.FIRST_COMPLETED)
            announced.cancel()
            if not request.answer.done():
                yield Parcel(wire.Frame(wire.STARTED), 0.0)
                await asyncio.sleep(ANNOUNCE_SECONDS)
                request.may_start.set()
            yield _reply(request, await request.answer)
        finally:
            request.leave()

    # -- what the agent calls ----------------------------------------------------------------------

    async def describe(self, server: str, is_leaving: bool) -> ReplicaReport:
        """Report to the agent of ``server``.

        A server that leaves does not count for the others any more: of two that leave at once, the second
        to ask finds itself alone.
        """
        now = time.monotonic()
        if is_leaving:
            self._servers.pop(server, None)
        else:
            self._servers[server] = now
        others = [now - asked for name, asked in self._servers.items() if name != server]
        return ReplicaReport(
            process=ProcessState(
                os.getpid(),
                procfs.started(os.getpid()) or 0,
                role="replica",
                device=f"{'gpu' if self._deployment.gpu else 'cpu'}@{self._node}",
                memory_mb=round(procfs.memory_mb(os.getpid())),
                node=self._node,
            ),
            manifest=self._executor.manifest,
            max_ongoing_requests=self._limit,
            ongoing=len(self._tasks),
            others=min(others, default=None),
        )

    # -- inside ------------------------------------------------------------------------------------

    def _receive(self, parcel: Parcel) -> RayRequest:
        """Let a request into the batcher; its times are turned into those of this machine's clock."""
        now = time.monotonic()
        header = {**parcel.frame.header, "deadline": now + parcel.seconds, "sent": now}
        loop = asyncio.get_running_loop()
        frame = dataclasses.replace(parcel.frame, header=header)
        request = RayRequest.from_frame(frame, now, loop=loop, answer=loop.create_future())
        task = asyncio.ensure_future(self._serve(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return request

    async def _serve(self, request: RayRequest) -> None:
        try:
            # The executor refuses a method that there is not.
            await self._batched.get(request.header.method, self._batched[wire.FIRST])(request)
        except Exception as error:
            # A mistake of ours: the caller must not wait for it.
            log.exception("a batch could not be run")
            if not request.answer.done():
                request.answer.set_exception(error)

    async def _run(self, batch: list[RayRequest]) -> list[None]:
        serial = id(batch)
        self._busy[serial] = time.monotonic()
        try:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._executor.run, batch)
        finally:
            del self._busy[serial]
        return [None] * len(batch)


def _reply(request: RayRequest, frame: wire.Frame) -> Parcel:
    return Parcel.of(frame, seconds=time.monotonic() - request.accepted)


def _batcher(
    policy: BatchPolicy, concurrency: int, run: Callable[[list[RayRequest]], Awaitable[list[None]]]
) -> Callable[[RayRequest], Awaitable[object]]:
    """Put Ray Serve's batcher in front of ``run``, unless the module's requests are never joined."""
    argument = policy.argument
    if not policy.batches:
        return lambda request: run([request])

    def size(batch: list[RayRequest]) -> int:
        """Count items, not requests. One that is too large by itself must run: it counts as just fitting."""
        items = sum(item_count(request, argument) for request in batch)
        return min(items, policy.max_batch_size) if len(batch) == 1 else items

    batched: Callable[[RayRequest], Awaitable[object]] = serve.batch(
        max_batch_size=policy.max_batch_size,
        batch_wait_timeout_s=policy.max_queue_delay_ms / 1000,
        max_concurrent_batches=concurrency,
        batch_size_fn=size,
    )(run)
    return batched


def _listen_on_loopback() -> None:
    """Have Ray Serve open this replica's port for its own calls on 127.0.0.1; it does so on all interfaces.

    The port is opened after the constructor. The key is asked for there too; this keeps the promise that
    nothing can be reached from outside.
    """
    from ray._common.tls_utils import add_port_to_grpc_server
    from ray.serve._private import replica

    replica.add_port_to_grpc_server = lambda server, _: add_port_to_grpc_server(server, "127.0.0.1:0")


def _resolve(answer: asyncio.Future[wire.Frame], frame: wire.Frame) -> None:
    if not answer.done():
        answer.set_result(frame)
