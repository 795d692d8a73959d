"""Calls an ASGI application in this process: no port, no server, one event loop in a thread of its own.

Any ASGI application that answers requests whole will do; nothing here knows PaddleX. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeVar

T = TypeVar("T")
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_VERSIONS = {"version": "3.0", "spec_version": "2.3"}
#: The longest time for the application to end when the process does.
_CLOSE_SECONDS = 10.0


class InProcess:
    """A started application.

    Raises:
        RuntimeError: the application says that it cannot start, and why.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="asgi", daemon=True).start()
        self._lifespan = _Lifespan(application)
        self._ending = threading.Lock()
        self._await(self._lifespan.start())
        # An application may have threads that the interpreter waits for before it runs any exit hook.
        threading.Thread(target=self._close_after_main_thread, name="asgi-end", daemon=True).start()

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """POST a JSON document; HTTP status and body of the reply. May be called by any thread.

        Raises:
            Exception: whatever the application raises without having answered.
        """
        return self._await(self._post(path, body))

    def close(self) -> None:
        """Let the application end; a second call does nothing."""
        if self._ending.acquire(blocking=False):  # and never released
            self._await(self._lifespan.end())
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        exchange = _Exchange(body)
        try:
            await self._application(self._scope(path, body), exchange.receive, exchange.send)
        except Exception:
            # Starlette raises again what its own handler has answered with 500, for servers that log it.
            if not exchange.answered.is_set():
                raise
        if not exchange.answered.is_set():
            raise RuntimeError(f"the application did not answer POST {path}")
        return exchange.status, b"".join(exchange.chunks)

    def _scope(self, path: str, body: bytes) -> Message:
        return {
            "type": "http",
            "asgi": _VERSIONS,
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"host", b"localhost"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": None,
            "server": None,
            "state": dict(self._lifespan.state),
        }

    def _close_after_main_thread(self) -> None:
        threading.main_thread().join()
        self.close()


class _Exchange:
    """One request and its reply, as an ASGI server hands them over."""

    def __init__(self, body: bytes) -> None:
        self._request: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self.answered = asyncio.Event()
        self.status = 0
        self.chunks: list[bytes] = []

    async def receive(self) -> Message:
        if self._request is not None:
            request, self._request = self._request, None
            return request
        await self.answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                self.answered.set()


class _Lifespan:
    """The application's start and end; one that knows no lifespan is started and ended as it is."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._asked: asyncio.Queue[Message] = asyncio.Queue()
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.state: dict[str, Any] = {}

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        self._asked.put_nowait({"type": "lifespan.startup"})
        said = await self._said.get()
        if said["type"] == "lifespan.startup.failed":
            raise RuntimeError(str(said.get("message") or "the application cannot start"))

    async def end(self) -> None:
        if self._task is None or self._task.done():
            return
        self._asked.put_nowait({"type": "lifespan.shutdown"})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._said.get(), _CLOSE_SECONDS)

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": _VERSIONS, "state": self.state}
        # Raising is the protocol's way of saying "I know no lifespan".
        with contextlib.suppress(Exception):
            await self._application(scope, self._asked.get, self._said.put)
        self._said.put_nowait({"type": "lifespan.over"})  # whoever still waits for a word
