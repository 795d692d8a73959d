"""A replica: one loaded copy of a module in a process of Ray's, the counterpart of a runner.

Ray Serve starts it, sends it requests, joins them to batches and asks after its health. From the frame on all
is as in a runner: the same binding, decoding, batching by equal arguments, execution and replies.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from ray import serve

import hub
from hub.errors import HubError
from hub.serving.config.ray import EXTRA
from hub.serving.messages import wire
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.process import logs, private_tmp, procfs
from hub.serving.ray import node_files
from hub.serving.runner.batcher import BatchPolicy, item_count
from hub.serving.runner.executor import Executor
from hub.serving.runner.loader import load, load_error
from hub.serving.runner.request import Request

log = logging.getLogger("hub.runner")

#: Of the folders for files that last as long as a replica does.
_FOLDER: Final = "hub-replica"
#: A frame as Ray carries it: kind, header, blobs.
Parcel = tuple[str, dict[str, Any], list[bytes]]

#: A resent request starts this long after it was announced: the announcement must be on its way before the
#: module may end the process.
ANNOUNCE_SECONDS: Final = 0.05


class DidNotLoadError(Exception):
    """What Ray Serve shows as the reason; its text follows the class's name on the last line."""


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

    def announce(self) -> bool:
        self.loop.call_soon_threadsafe(self.announced.set)
        self.may_start.wait()
        return not self.has_left

    def caller_has_left(self) -> bool:
        return self.has_left

    def drop(self) -> None:
        self.loop.call_soon_threadsafe(self.answer.cancel)

    def leave(self) -> None:
        """Nobody waits for it any more."""
        self.has_left = True
        self.may_start.set()


class Replica:
    """Ray Serve's deployment class."""

    def __init__(self, deployment: dict[str, Any], version: str) -> None:
        """Load the module.

        Args:
            deployment: the fields of ``exchange.Deployment``.
            version: the server's, of HubServing.

        Raises:
            DidNotLoadError: with the reason.
        """
        if deployment["is_private"]:
            _listen_on_loopback()
        self._node = socket.gethostname()
        self._servers: dict[str, float] = {}
        self._limit = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: dict[int, float] = {}
        self._hang_timeout = float(deployment["hang_timeout"])
        self._device = "gpu" if deployment["gpu"] else "cpu"
        private_tmp.sweep(_FOLDER)
        self._files = private_tmp.make(_FOLDER)
        # A module that is not thread-safe is loaded and called in one thread.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="module")
        try:
            if version != hub.__version__:
                raise HubError(
                    f"this node has hubserving {hub.__version__}, the server {version}; "
                    f"install the same on all: {EXTRA}"
                )
            self._executor, concurrency = self._pool.submit(self._load, deployment).result()
        except BaseException as error:
            log.exception("module %s did not load", deployment["spec"]["name"])
            raise DidNotLoadError(f"{load_error(error)} (on {self._node})") from None
        if concurrency > 1:
            self._pool.shutdown()
            self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="module")
        self._batched = _batcher(self._executor.policy, concurrency, self._run)

    def _load(self, deployment: dict[str, Any]) -> tuple[Executor, int]:
        spec = RunnerSpec(**deployment["spec"])
        logs.set_up(spec.log_format, f"{spec.name}#{os.getpid()}")
        folder = node_files.find_module(spec, is_shared=deployment["is_shared"], home=deployment["home"])
        spec = dataclasses.replace(spec, directory=str(folder))
        return load(spec, use_gpu=deployment["gpu"], run_dir=self._files)

    def __del__(self) -> None:
        """Ray Serve calls it when it ends a replica by its own will."""
        shutil.rmtree(self._files, ignore_errors=True)

    # -- what Ray Serve calls ----------------------------------------------------------------------

    def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Told how many requests Ray Serve sends at once, now and when that changes."""
        self._limit = int(user_config["max_ongoing_requests"])

    def check_health(self) -> None:
        """Raises when a batch takes longer than ``hang_timeout``: Ray Serve then replaces this replica."""
        longest = max((time.monotonic() - since for since in list(self._busy.values())), default=0.0)
        if longest > self._hang_timeout:
            raise RuntimeError(f"busy with one batch for {longest:.0f} s")

    # -- what the gateway calls --------------------------------------------------------------------

    async def call(self, header: dict[str, Any], blobs: Sequence[bytes]) -> Parcel:
        """Answer the frame of kind ``call`` that the gateway sent."""
        request = self._receive(header, blobs)
        request.may_start.set()  # nobody can be told before the answer: what came this far counts as started
        try:
            return self._parcel(request, await request.answer)
        except asyncio.CancelledError:
            request.leave()
            raise

    async def call_announced(self, header: dict[str, Any], blobs: Sequence[bytes]) -> AsyncIterator[Parcel]:
        """The same for a request that was sent before: says first when it starts, then answers."""
        request = self._receive(header, blobs)
        try:
            announced = asyncio.ensure_future(request.announced.wait())
            await asyncio.wait((announced, request.answer), return_when=asyncio.FIRST_COMPLETED)
            announced.cancel()
            if not request.answer.done():
                yield wire.STARTED, {}, []
                await asyncio.sleep(ANNOUNCE_SECONDS)
                request.may_start.set()
            yield self._parcel(request, await request.answer)
        finally:
            request.leave()

    # -- what the agent calls ----------------------------------------------------------------------

    async def describe(self, server: str, is_leaving: bool) -> dict[str, Any]:
        """What the agent of ``server`` reports of this replica; ``others``: seconds since another asked.

        A server that leaves does not count for the others any more: of two that leave at once, the second
        to ask finds itself alone.
        """
        now = time.monotonic()
        if is_leaving:
            self._servers.pop(server, None)
        else:
            self._servers[server] = now
        others = [now - asked for name, asked in self._servers.items() if name != server]
        return {
            "pid": os.getpid(),
            "started": procfs.started(os.getpid()) or 0,
            "node": self._node,
            "device": self._device,
            "memory_mb": round(procfs.memory_mb(os.getpid())),
            "manifest": self._executor.manifest.to_json(),
            "max_ongoing_requests": self._limit,
            "ongoing": len(self._tasks),
            "others": min(others, default=None),
        }

    # -- inside ------------------------------------------------------------------------------------

    def _receive(self, header: dict[str, Any], blobs: Sequence[bytes]) -> RayRequest:
        """Let a request into the batcher; its times are turned into those of this machine's clock."""
        now = time.monotonic()
        header = {**header, "deadline": now + float(header["remaining"]), "sent": now}
        loop = asyncio.get_running_loop()
        frame = wire.Frame(wire.CALL, header, blobs)
        request = RayRequest.from_frame(frame, now, loop=loop, answer=loop.create_future())
        task = asyncio.ensure_future(self._serve(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return request

    async def _serve(self, request: RayRequest) -> None:
        try:
            await self._batched(request)
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

    @staticmethod
    def _parcel(request: RayRequest, frame: wire.Frame) -> Parcel:
        """The reply, with the seconds that passed here: the gateway's clock is another one."""
        elapsed = time.monotonic() - request.accepted
        return frame.kind, {**frame.header, "elapsed": elapsed}, [bytes(blob) for blob in frame.blobs]


def _batcher(
    policy: BatchPolicy, concurrency: int, run: Callable[[list[RayRequest]], Awaitable[list[None]]]
) -> Callable[[RayRequest], Awaitable[None]]:
    """Ray Serve's batcher in front of ``run``, or none for a module whose requests are never joined."""
    argument = policy.argument
    if not policy.batches:

        async def alone(request: RayRequest) -> None:
            await run([request])

        return alone

    def size(batch: list[RayRequest]) -> int:
        """Items, not requests. One that is too large by itself must run, and so counts as just fitting."""
        items = sum(item_count(request, argument) for request in batch)
        return min(items, policy.max_batch_size) if len(batch) == 1 else items

    async def joined(batch: list[RayRequest]) -> list[None]:
        return await run(batch)

    batched: Callable[[RayRequest], Awaitable[None]] = serve.batch(
        max_batch_size=policy.max_batch_size,
        batch_wait_timeout_s=policy.max_queue_delay_ms / 1000,
        max_concurrent_batches=concurrency,
        batch_size_fn=size,
    )(joined)
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
