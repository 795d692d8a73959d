"""One connection of a caller, on the worker's event loop: slow bytes cost a descriptor, never a thread.

A request is received whole, within its deadlines, before a thread of the pool sees it; its reply is sent by
the loop. A request that is not worth receiving is answered, and its connection ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from functools import partial
from typing import Any, Final, cast

from gunicorn.asgi import parser as http

from hub.errors import BodyTimeoutError, RequestError, UnavailableError
from hub.serving.gateway import conversation, wsgi
from hub.serving.gateway.caller import Caller
from hub.serving.gateway.conversation import Conversation
from hub.serving.gateway.incoming import Incoming, Progress
from hub.serving.gateway.model_paths import ModelPath
from hub.serving.gateway.outflow import Outflow
from hub.serving.gateway.owner import Owner, Stage
from hub.serving.gateway.spool import SPOOL, Spool
from hub.serving.gateway.wsgi import CALLER, WSGI, Head, Reply, Unreceived

#: From a request's first byte to the end of its headers.
HEADER_SECONDS: Final = 15.0
#: A body that has begun may stop for this long.
STALL_SECONDS: Final = 10.0
#: After a refusal, what its sender still sends is thrown away for this long, so that it sees the answer
#: instead of a broken pipe.
DISCARD_SECONDS: Final = 2.0
#: Bytes that may come before the last request is answered; with more, the socket is not read any more.
_MAX_AHEAD: Final = 65_536
#: As much as the loop reads at once: there is more.
_FULL_READ: Final = 256_000
#: The errors of the parser, and the codes that answer them.
_CODES: Final = (
    (http.LimitRequestLine, 414, "URI Too Long"),
    (http.LimitRequestHeaders, 431, "Request Header Fields Too Large"),
    (http.UnsupportedTransferCoding, 501, "Not Implemented"),
    (http.ParseError, 400, "Bad Request"),
)


class Connection(asyncio.Protocol):
    """A caller's connection. Everything here runs in the loop's thread.

    Attributes:
        stage: what it waits for; the worker keeps connections by stage.
        due: time of the loop after which ``overdue`` is called.
    """

    def __init__(self, worker: Owner) -> None:
        self.stage = Stage.IDLE
        self.due = float("inf")
        self._worker = worker
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # until connection_made
        self._variables: dict[str, Any] = {}
        self._caller = Caller()
        self._incoming = Incoming(worker.gate, worker.inflight, worker.cfg, self._continue)
        self._outflow: Outflow | None = None
        self._ahead = b""
        self._body_due = 0.0
        self._keep_alive = True
        self._is_discarding = False
        self._is_writing = False

    # -- what the loop tells ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        self._transport = cast(asyncio.Transport, transport)
        # So that we hear when a reply has left. With 0, TLS takes an empty buffer for a full one.
        self._transport.set_write_buffer_limits(high=1, low=0)
        worker, peer = self._worker, transport.get_extra_info("peername")
        self._variables = wsgi.connection_variables(worker.address, peer, is_tls=worker.tls is not None)
        self._enter(Stage.IDLE, worker.keepalive)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, or of the next one; after a refusal, throw them away."""
        if len(data) >= _FULL_READ:
            self._let_others_read()
        if self.stage in (Stage.IDLE, Stage.HEAD, Stage.BODY):
            self._receive(data)
        elif not self._is_discarding:
            self._ahead += data
            if len(self._ahead) > _MAX_AHEAD:
                self._transport.pause_reading()

    def _let_others_read(self) -> None:
        """Go on in the loop's next round; it would read from one fast sender up to 32 times in a row."""
        self._transport.pause_reading()
        self._worker.loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        if len(self._ahead) <= _MAX_AHEAD and not self._transport.is_closing():
            self._transport.resume_reading()

    def eof_received(self) -> bool:
        """Count a caller that closes its sending side as gone, unless it already takes its reply."""
        self._caller.leave()
        if self.stage in (Stage.SENDING, Stage.DISCARDING):
            self._keep_alive = False
            return self._transport.can_write_eof()  # over TLS the connection ends at once
        return False

    def pause_writing(self) -> None:
        """Note that a part of the reply is still here."""
        self._is_writing = True

    def resume_writing(self) -> None:
        """Go on when the whole reply has left."""
        self._is_writing = False
        if self.stage is Stage.SENDING:
            self._sent()
        elif self._outflow is not None:
            self._piece_has_left(self._outflow)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the thread that works for the caller, if there is one."""
        self._caller.leave()
        self._worker.forget(self)
        if self._outflow is not None:
            self._outflow.end()
        if self.stage not in (Stage.RUNNING, Stage.STREAMING):  # its thread still holds the body
            self._incoming.release()

    # -- what the worker tells ------------------------------------------------------------------------

    def overdue(self) -> None:
        """End what takes too long."""
        if self.stage is not Stage.BODY:
            self._transport.abort()
            return
        seconds = self._incoming.seconds(self._worker.limits)
        late = f"the body did not arrive within {seconds:g} s"
        stopped = self._worker.now() < self._body_due
        self._incoming.refuse(BodyTimeoutError("the body stopped arriving" if stopped else late))
        self._run()

    def evict(self) -> None:
        """End it: another connection needs its place."""
        self._worker.forget(self)
        self._transport.abort()

    def end_when_done(self, latest: float) -> None:
        """Keep it for no further request; one that has none has until ``latest``."""
        self._keep_alive = False
        if self.stage is Stage.IDLE:
            self.due = min(self.due, latest)

    def end_stream(self) -> None:
        """Have a reply that comes piece by piece end with an error: the server has no more time."""
        if self.stage is Stage.STREAMING:
            self._caller.refuse(UnavailableError("the server is stopping; the stream ends before its time"))

    # -- receiving ------------------------------------------------------------------------------------

    def _enter(self, stage: Stage, seconds: float = float("inf")) -> None:
        """Wait for something else, for so long."""
        self._worker.forget(self)
        self._worker.shelves[stage][self] = None
        self.stage, self.due = stage, self._worker.now() + seconds

    def _receive(self, data: bytes) -> None:
        try:
            progress = self._incoming.feed(data)
        except http.ParseError as error:
            self._is_discarding, self._keep_alive = True, False
            code, reason = next(each[1:] for each in _CODES if isinstance(error, each[0]))
            self._reply(wsgi.failure(code, reason, str(error)))
            return
        if progress in (Progress.WHOLE, Progress.REFUSED):
            self._run()
        elif progress is Progress.BODY:
            self._wait_for_body()
        elif self.stage is Stage.IDLE:
            self._enter(Stage.HEAD, HEADER_SECONDS)

    def _continue(self) -> None:
        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _wait_for_body(self) -> None:
        now = self._worker.now()
        if self.stage is not Stage.BODY:
            self._enter(Stage.BODY)
            self._body_due = now + self._incoming.seconds(self._worker.limits)
        self.due = min(self._body_due, now + STALL_SECONDS)

    # -- running and sending ----------------------------------------------------------------------------

    def _run(self) -> None:
        """Have a thread answer the request, with its body or with the reason why that is not there."""
        incoming = self._incoming
        assert incoming.head is not None
        self._enter(Stage.RUNNING)
        if incoming.problem is not None:
            self._is_discarding, self._keep_alive = True, False
        self._ahead, incoming.rest = incoming.rest, b""
        keep_alive = self._keep_alive and incoming.head.keep_alive and self._worker.alive
        body, incoming.body = incoming.body, []
        path = conversation.path_of(incoming.head, sum(map(len, body)), self._worker.gateway)
        if path is not None and incoming.problem is None:
            self._converse(incoming.head, path, body, keep_alive)
            return
        work = partial(self._work, incoming.head, body, incoming.problem, keep_alive, incoming.spool)
        self._worker.submit(work, incoming.head.path)

    def _converse(self, head: Head, path: ModelPath, parts: list[bytes], keep_alive: bool) -> None:
        """Call a model, and go on meanwhile."""
        worker, environ = self._worker, self._environ(head, io.BytesIO(b"".join(parts)))

        def answer(app: WSGI) -> None:
            worker.loop.call_soon(self._reply, wsgi.respond(app, environ, keep_alive=keep_alive))

        from_thread = partial(self._respond, environ=environ, keep_alive=keep_alive)
        submit = partial(worker.submit, path=head.path)
        Conversation(worker.gateway, worker.loop, submit, answer, from_thread).begin(environ, path)

    def _work(
        self,
        head: Head,
        parts: list[bytes],
        problem: RequestError | None,
        keep_alive: bool,
        spool: Spool | None,
    ) -> None:
        """Call the app; in a thread of the pool."""
        body = Unreceived(problem) if problem is not None else io.BytesIO(b"".join(parts))
        parts.clear()
        self._respond(self._worker.wsgi, {**self._environ(head, body), SPOOL: spool}, keep_alive)

    def _environ(self, head: Head, body: io.BytesIO | Unreceived) -> dict[str, Any]:
        return {**wsgi.environ(head, body, self._variables), CALLER: self._caller}

    def _respond(self, app: WSGI, environ: dict[str, Any], keep_alive: bool) -> None:
        """Have the app answer, and the loop send it; in a thread of the pool."""
        reply: Reply | None = wsgi.respond(app, environ, keep_alive=keep_alive)
        if reply is not None and reply.pieces is not None:
            self._outflow = Outflow(self._worker.loop, self._write_piece)
            reply = self._outflow.run(reply)
        work = self._break_off if reply is None else partial(self._reply, reply)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._worker.loop.call_soon_threadsafe(work)

    def _write_piece(self, data: bytes) -> None:
        """Send a piece, which must have left within ``reply_timeout``."""
        assert self._outflow is not None
        if self._transport.is_closing():
            self._outflow.end()
            return
        self._enter(Stage.STREAMING, self._worker.reply_timeout)
        self._transport.write(data)
        if self._is_writing:
            self._worker.is_sending(self, len(data))
        else:
            self._piece_has_left(self._outflow)

    def _piece_has_left(self, outflow: Outflow) -> None:
        self._enter(Stage.STREAMING)
        outflow.go_on()

    def _break_off(self) -> None:
        """End a connection in the middle of its reply: nothing else would tell that it is not whole."""
        self._incoming.release()
        self._worker.forget(self)
        self._transport.abort()

    def _reply(self, reply: Reply) -> None:
        """Send; the whole reply must have left within ``reply_timeout``."""
        self._outflow = None
        self._incoming.release()
        if self._transport.is_closing():
            self._worker.forget(self)
            return
        self._keep_alive = self._keep_alive and reply.keep_alive
        self._enter(Stage.SENDING, self._worker.reply_timeout)
        self._transport.writelines((reply.head, reply.body))
        if self._is_writing:
            self._worker.is_sending(self, len(reply.body))
        else:
            self._sent()

    def _sent(self) -> None:
        """Wait for the next request, or end."""
        if self._transport.is_closing():
            return
        if self._is_discarding:
            self._enter(Stage.DISCARDING, DISCARD_SECONDS)
            if self._transport.can_write_eof():
                self._transport.write_eof()
        elif not self._keep_alive:
            self._transport.close()
        else:
            self._enter(Stage.IDLE, self._worker.keepalive)
            self._incoming.next()
            ahead, self._ahead = self._ahead, b""
            if len(ahead) > _MAX_AHEAD:
                self._transport.resume_reading()
            if ahead:
                self._receive(ahead)
