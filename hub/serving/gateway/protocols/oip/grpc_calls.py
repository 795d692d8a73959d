"""The way of a gRPC call: its key, a place, its message, a thread that answers it, the reply.

An event loop waits for callers, so one that is slow or silent costs a descriptor and no thread. Every call
is handled as a stream of messages, which looks the same to a caller: so a message is asked for only when
there is room for it, and gRPC keeps what comes earlier at the sender.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NoReturn, Protocol, TypeVar

import grpc
from werkzeug.datastructures import Headers

from hub import errors
from hub.serving.gateway import delivery, targets
from hub.serving.gateway.auth import KeyRing
from hub.serving.gateway.caller import Caller, CallerLeft
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.json_structure import SMALL_BODY
from hub.serving.gateway.protocols.oip import grpc_conversation, grpc_peer
from hub.serving.gateway.protocols.oip.grpc_places import Places
from hub.serving.gateway.runner_client import RunnerClient

_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    415: grpc.StatusCode.INVALID_ARGUMENT,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
#: A stream whose caller sends nothing for so long is ended.
IDLE_STREAM_SECONDS: Final = 300
#: Answered without a key, as ``/v2/health/…`` is.
_WITHOUT_KEY: Final = ("/ServerLive", "/ServerReady")
#: A message may have so much beyond the tensors that max_body_mb is about.
_ENVELOPE_BYTES: Final = 1 << 20
#: Longest text of an error: it travels in a header, and may quote the caller.
_DETAILS_CHARACTERS: Final = 2000


class Context(Protocol):
    """The part of ``grpc.aio.ServicerContext`` that is used here."""

    async def read(self) -> object:
        """Receive a message: bytes, or ``grpc.aio.EOF`` when there are no more."""

    async def write(self, message: bytes) -> None: ...
    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Metadata) -> NoReturn: ...
    def invocation_metadata(self) -> Metadata | None: ...
    def peer(self) -> str: ...
    def time_remaining(self) -> float | None: ...


T = TypeVar("T")
Metadata = Sequence[tuple[str, str | bytes]]
Handler = Callable[[Any, Context], Awaitable[None]]
UnaryHandler = Callable[[Any, Context], Awaitable[bytes]]


@dataclass
class Call:
    """A call without its messages.

    Attributes:
        deadline: ``time.monotonic()`` after which its caller no longer waits; or None.
        caller: leaves when the call is over, cancelled for one.
    """

    headers: Headers
    peer: str
    deadline: float | None
    caller: Caller = field(default_factory=Caller)

    @property
    def remaining(self) -> float | None:
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


#: From a message and its call to the reply; runs in a thread.
Method = Callable[[bytes, Call], bytes]
#: The same for a call of a module, which the loop may wait for.
Talk = Callable[[bytes, Call], delivery.Handler[bytes]]


def largest_message(max_body: int) -> int:
    """Return the bytes of the longest message that is received."""
    return max_body + _ENVELOPE_BYTES


class KeyCheck(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # gRPC is not typed
    """Refuses a call without a right key before any of its messages is received."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    async def intercept_service(
        self, continuation: Callable[..., Awaitable[Any]], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Return the method's handler, or one that refuses."""
        if not handler_call_details.method.endswith(_WITHOUT_KEY):
            try:
                self._keys.check(_headers(handler_call_details.invocation_metadata))
            except Exception as problem:
                return _stream_handler(_refuse(problem))
        return await continuation(handler_call_details)


class Calls:
    """Brings messages to methods, as many at once as there are threads."""

    def __init__(self, gateway: Gateway, threads: int) -> None:
        limits = gateway.limits
        together = max(1, limits.max_inflight // largest_message(limits.max_body))
        streams = gateway.config.grpc_max_streams or together
        self._gateway = gateway
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rpc")
        self._threads = threads
        self._idle_threads = threading.Semaphore(threads)
        self._messages = Places(
            together, f"{together} messages are on their way already, all that max_inflight_mb has room for"
        )
        self._streams = Places(
            streams, f"{streams} streams are open already, all that grpc_max_streams or max_inflight_mb allow"
        )

    def end_streams(self) -> None:
        """End streams that wait for their caller, and others after the answer that they wait for."""
        self._streams.close()

    def quick(self, answer: Callable[[], bytes]) -> grpc.RpcMethodHandler:
        """Answer at once and without a thread, whatever the message says; it is not received."""

        async def handle(_: Any, context: Context) -> bytes:
            return answer()

        return _unary_handler(handle)

    def not_offered(self, instead: str) -> grpc.RpcMethodHandler:
        """Refuse a method of Triton's that is not here; its message is not received."""

        async def handle(_: Any, context: Context) -> None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, instead, ())

        return _stream_handler(handle)

    def unary(self, method: Method) -> grpc.RpcMethodHandler:
        """Answer one message with one; an error is the call's status."""
        return self._one_by_one(partial(self._work, method))

    def talk(self, talk: Talk) -> grpc.RpcMethodHandler:
        """Answer one message with a module's reply; an error is the call's status."""
        return self._one_by_one(partial(self._talk, talk))

    def _one_by_one(self, answer: Callable[[bytes, Call], Awaitable[bytes]]) -> grpc.RpcMethodHandler:
        async def handle(_: Any, context: Context) -> bytes:
            try:
                with _open(context) as call:
                    reply = await answer(await self._message(context), call)
            except Exception as problem:
                await _abort(context, problem)
            self._limit_sending(call)
            return reply

        return _unary_handler(handle)

    def stream(self, method: Method, failed: Callable[[Exception], bytes]) -> grpc.RpcMethodHandler:
        """Answer messages in turn; an error is an answer, and the stream goes on."""

        async def handle(_: Any, context: Context) -> None:
            try:
                async with self._streams.place():
                    with _open(context) as call:
                        while (message := await self._next_message(context)) is not None:
                            self._gateway.keys.check(call.headers)
                            try:
                                reply = await self._work(method, message, call)
                            except Exception as problem:
                                reply = failed(problem)
                            await self._send(context, reply)
            except Exception as problem:
                await _abort(context, problem)

        return _stream_handler(handle)

    async def _message(self, context: Context) -> bytes:
        """Receive a unary call's message."""
        seconds = self._gateway.limits.body_timeout
        try:
            async with self._messages.place(), self._messages.listening(seconds):
                message = await _receive(context)
        except TimeoutError as error:
            raise errors.BodyTimeoutError(
                f"the message did not arrive within body_timeout ({seconds:g} s), or too slowly for a time "
                "when others waited"
            ) from error
        if message is None:
            raise errors.InvalidInputError("the call ended without a message")
        return message

    async def _next_message(self, context: Context) -> bytes | None:
        """Receive a stream's next message; None at its end."""
        try:
            async with self._streams.listening(IDLE_STREAM_SECONDS):
                return await _receive(context)
        except TimeoutError as error:
            if self._streams.is_closed:
                raise errors.UnavailableError("the server is being stopped", retry_after=1) from error
            raise errors.DeadlineError(
                f"the stream was silent for {IDLE_STREAM_SECONDS} s, or for a time others wanted its place"
            ) from error

    async def _talk(self, talk: Talk, message: bytes, call: Call) -> bytes:
        """Answer in the loop what is small, and in a thread what may take longer."""
        client = self._gateway.dispatcher
        if len(message) > SMALL_BODY or not isinstance(client, RunnerClient):
            return await self._work(lambda *given: delivery.run(talk(*given), client), message, call)
        with self._admitted(message):
            return await grpc_conversation.run(talk(message, call), client, self._in_thread)

    async def _work(self, method: Method, message: bytes, call: Call) -> bytes:
        """Have a thread answer."""
        return await self._in_thread(partial(self._answer, method, message, call))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Have a thread do it; refused where all are busy, for nothing may wait unseen."""
        if not self._idle_threads.acquire(blocking=False):
            raise errors.QueueFullError(f"all {self._threads} threads (http_threads) are busy", retry_after=1)
        done: Future[T] = self._pool.submit(contextvars.copy_context().run, work)
        done.add_done_callback(lambda _: self._idle_threads.release())
        return await asyncio.wrap_future(done)

    def _answer(self, method: Method, message: bytes, call: Call) -> bytes:
        with self._admitted(message):
            return method(message, call)

    def _admitted(self, message: bytes) -> AbstractContextManager[None]:
        return self._gateway.admission.admit("gRPC", sys.maxsize, len(message))

    def _limit_sending(self, call: Call) -> None:
        """Cut off a caller that does not take its reply, which gRPC sends now, within body_timeout."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # it ends when the reply and the status have left
        timer = loop.call_later(self._gateway.limits.body_timeout, grpc_peer.cut_off, call.peer)
        task.add_done_callback(lambda _: timer.cancel())

    async def _send(self, context: Context, reply: bytes) -> None:
        """Send a reply of a stream; a caller that does not take it within body_timeout is cut off.

        Raises:
            CallerLeft
        """
        try:
            async with asyncio.timeout(self._gateway.limits.body_timeout):
                await context.write(reply)
        except TimeoutError:
            grpc_peer.cut_off(context.peer())
            raise CallerLeft from None
        except Exception as error:
            raise CallerLeft from error


async def _receive(context: Context) -> bytes | None:
    """Receive a message; None when there are no more; raises CallerLeft, TimeoutError."""
    try:
        message = await context.read()
    except Exception as error:  # gRPC's own, private ones: the call is over
        raise CallerLeft from error
    return message if isinstance(message, bytes) else None


@contextmanager
def _open(context: Context) -> Iterator[Call]:
    """Describe a call; when it is over, the thread that works for it learns that."""
    remaining = context.time_remaining()
    call = Call(
        _headers(context.invocation_metadata() or ()),
        context.peer(),
        None if remaining is None else time.monotonic() + remaining,
    )
    try:
        yield call
    finally:
        call.caller.leave()


def _headers(metadata: Metadata) -> Headers:
    return Headers([(key, value) for key, value in metadata if isinstance(value, str)])


def _unary_handler(handle: UnaryHandler) -> grpc.RpcMethodHandler:
    """Answer one message, which ``handle`` asks for, with one: gRPC sends it together with the status."""
    return grpc.stream_unary_rpc_method_handler(handle)


def _stream_handler(handle: Handler) -> grpc.RpcMethodHandler:
    """Take bytes and give bytes: messages are parsed in a thread, never in the event loop."""
    return grpc.stream_stream_rpc_method_handler(handle)


def _refuse(problem: Exception) -> Handler:
    async def handle(_: Any, context: Context) -> None:
        await _abort(context, problem)

    return handle


async def _abort(context: Context, problem: Exception) -> NoReturn:
    """End a call with the status that an error has in gRPC."""
    if isinstance(problem, CallerLeft):
        raise asyncio.CancelledError from problem  # which gRPC takes in silence
    explained = targets.explain(problem)
    problem.__traceback__ = None  # its frames hold the message
    code = _CODES.get(explained.http_status, grpc.StatusCode.INTERNAL)
    retry_after = getattr(explained, "retry_after", None)
    trailing: Metadata = () if retry_after is None else (("retry-after", str(retry_after)),)
    try:
        await context.abort(code, str(explained)[:_DETAILS_CHARACTERS], trailing)
    except grpc.aio.AbortError:
        raise
    except Exception as error:  # it was over already
        raise asyncio.CancelledError from error
