"""A process of its own for /metrics and /health on ``metrics_port``: it answers when the gateway cannot.

    python -m hub.serving.gateway.metrics_server --run_dir DIR --listen FD --lifeline FD

One event loop waits for all connections, so that a silent one costs a descriptor and no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from hub import envelope
from hub.errors import ForbiddenError
from hub.serving.config import server_config
from hub.serving.gateway import metrics, origins
from hub.serving.messages import state
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import helper_arguments, log_files

#: For everything: a connection that is not through by then is ended.
CONNECTION_SECONDS: Final = 10.0
#: With one more, the oldest is ended.
MAX_CONNECTIONS: Final = 256
_MAX_HEAD_BYTES: Final = 16384
_BACKLOG: Final = 512
_HOST: Final = re.compile(rb"\r\nhost:[ \t]*([^\r\n]*)", re.IGNORECASE)

#: HTTP status, body and its type.
Reply = tuple[http.HTTPStatus, bytes, str]


class MetricsServer:
    """Answers one request on each connection."""

    def __init__(self, run_dir: RunDir) -> None:
        config = server_config.load(run_dir.config)
        self._config = config.model_copy(update={"port": config.metrics_port})
        self._run_dir = run_dir
        self._renderer = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def run(self, listener: socket.socket, over: asyncio.Event) -> None:
        """Answer until ``over`` is set."""
        server = await asyncio.start_server(
            self._connected, sock=listener, limit=_MAX_HEAD_BYTES, backlog=_BACKLOG
        )
        async with server:
            await over.wait()
            for writer in self._open.values():
                writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        if len(self._open) > MAX_CONNECTIONS:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.cancel()
        writer.transport.set_write_buffer_limits(0)  # all of it is on its way when drain returns
        try:
            async with asyncio.timeout(CONNECTION_SECONDS):
                await self._converse(reader, writer)
        except (TimeoutError, OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._open.pop(task, None)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            reply = _failure(http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too long")
        else:
            reply = await self._reply(head)
        status, body, kind = reply
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        writer.write("\r\n".join((*lines, "", "")).encode() + body)
        await writer.drain()

    async def _reply(self, head: bytes) -> Reply:
        method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
        path = rest.partition(b" ")[0]
        if method != b"GET":
            return _failure(http.HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered here")
        host = _HOST.search(head)
        try:
            if path == b"/metrics" and host is not None:
                origins.refuse_strangers("GET", {"Host": host[1].decode("latin-1")}, self._config)
            return await self._tell(path)
        except ForbiddenError as error:
            return _failure(http.HTTPStatus.FORBIDDEN, str(error))
        except Exception as problem:  # a file of the run dir that is gone or damaged; it is written again
            return _failure(http.HTTPStatus.SERVICE_UNAVAILABLE, f"not known at the moment: {problem!r}")

    async def _tell(self, path: bytes) -> Reply:
        """Return what is at a path; raises whatever reading the run dir does."""
        if path == b"/metrics":
            render = partial(metrics.render, self._run_dir)
            text = await asyncio.get_running_loop().run_in_executor(self._renderer, render)
            return http.HTTPStatus.OK, text, metrics.CONTENT_TYPE
        if path == b"/health/live":
            return http.HTTPStatus.OK, b'{"live":true}', "application/json"
        if path == b"/health/ready":
            server = state.read(self._run_dir.state)
            status = http.HTTPStatus.OK if server.ready else http.HTTPStatus.SERVICE_UNAVAILABLE
            return status, envelope.dumps(server.readiness()), "application/json"
        return _failure(http.HTTPStatus.NOT_FOUND, "here are /metrics, /health/live and /health/ready")


def _failure(status: http.HTTPStatus, message: str) -> Reply:
    return status, envelope.failure(message, "101"), "application/json"


async def serve(run_dir: RunDir, listener: socket.socket, lifeline: int) -> None:
    """Answer until the supervisor is gone, or ends this process."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(lifeline, over.set)  # its end of file; nothing is ever written to it
    with contextlib.closing(listener):
        await MetricsServer(run_dir).run(listener, over)
    loop.remove_reader(lifeline)


def main() -> None:
    arguments = helper_arguments.parse("hub.serving.gateway.metrics_server")
    log_files.follow_on_signal()
    asyncio.run(serve(arguments.run_dir, socket.socket(fileno=arguments.listen), arguments.lifeline))


if __name__ == "__main__":
    main()
