"""``hub.AsyncClient``: carries a conversation's steps out in an event loop."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Self, TypeVar

import httpx2

from hub.client import conversation, job_steps, jobs, many, payload, replies
from hub.client.base import BaseClient
from hub.client.conversation import Called, Outcome, Pause, Step, Steps
from hub.client.jobs import AsyncJob
from hub.client.many import Prediction
from hub.client.progress import progress_bar
from hub.client.replies import Reply
from hub.errors import HubError

log = logging.getLogger("hub.client")
T = TypeVar("T")


class AsyncClient(BaseClient):
    """:class:`hub.Client` for asyncio: the same arguments, methods and errors.

        async with hub.AsyncClient("http://127.0.0.1:8868") as client:
            lines = await client.predict("ocr_system", images=["a.jpg"])

    A cancelled call closes its connection, by which the server notices and drops the request.
    """

    _transport = httpx2.AsyncClient
    _http: httpx2.AsyncClient

    async def predict(self, module: str, /, *, method: str | None = None, **arguments: Any) -> Any:
        """Call a module and return its ``results``; see :meth:`hub.Client.predict`."""
        reply = await self.call(module, arguments, method=method)
        if reply.message:
            log.warning("%s: %s", module, reply.message)
        return reply.results

    async def call(self, module: str, arguments: Mapping[str, Any], *, method: str | None = None) -> Reply:
        """Do as ``predict``, with the arguments in a mapping; see :meth:`hub.Client.call`."""
        body = await asyncio.to_thread(payload.encode, arguments)  # reads files, makes PNGs
        called = Called(module, method)
        return await self._drive(conversation.predict(self._server, self._options, called, body))

    async def stream(
        self, module: str, /, *, method: str | None = None, **arguments: Any
    ) -> AsyncGenerator[Any]:
        """Call a module that answers with a stream; yield its items; see :meth:`hub.Client.stream`."""
        body = await asyncio.to_thread(payload.encode, arguments)
        called = Called(module, method)
        begun = await self._drive(conversation.stream(self._server, self._options, called, body))
        if isinstance(begun, Reply):
            for item in replies.at_once(begun):
                yield item
            return
        request_id = begun.headers.get("X-Request-ID", "")
        items = replies.Items(request_id)
        async with aclosing(begun):
            try:
                async for data in begun.aiter_bytes():
                    for item in items.take(data):
                        yield item
            except httpx2.HTTPError as error:
                raise replies.lost(error, self._server, request_id) from error
        if message := items.end():
            log.warning("%s: %s", module, message)

    async def predict_many(
        self,
        module: str,
        items: Iterable[Any],
        /,
        *,
        method: str | None = None,
        argument: str = "images",
        concurrency: int = 4,
        progress: bool = False,
        **arguments: Any,
    ) -> AsyncIterator[Prediction]:
        """Call a module once for each item; see :meth:`hub.Client.predict_many`."""

        async def work(item: Any) -> Prediction:
            try:
                value = many.argument_value(argument, item)
                reply = await self.call(module, {**arguments, argument: value}, method=method)
            except HubError as error:
                return many.failed(item, error)
            return Prediction(item, reply.results, reply.message)

        with progress_bar(module, items, shown=progress) as advance:
            async with aclosing(many.in_order_async(items, work, concurrency)) as done:
                async for prediction in done:
                    advance()
                    yield prediction

    async def submit(
        self,
        module: str,
        /,
        *,
        method: str | None = None,
        idempotency_key: str | None = None,
        **arguments: Any,
    ) -> AsyncJob:
        """Have the server call a module in the background; see :meth:`hub.Client.submit`."""
        body, called = await asyncio.to_thread(payload.encode, arguments), Called(module, method)
        key = idempotency_key or secrets.token_hex(16)
        told = await self._drive(job_steps.submit(self._server, self._options, called, body, key))
        return AsyncJob(self, told["id"])

    def job(self, id: str) -> AsyncJob:
        """Return a job that was submitted before, by its id; nothing is asked."""
        return AsyncJob(self, id)

    async def jobs(self) -> list[dict[str, Any]]:
        """Return how all jobs of this client's key are doing, oldest first."""
        return await self._drive(job_steps.known(self._server, self._options))

    async def ask_job(self, id: str, how: str = "GET") -> dict[str, Any]:
        """Return how a job is doing; with ``DELETE`` it is cancelled."""
        return await self._drive(job_steps.ask(self._server, self._options, id, how))

    async def wait_for_job(self, id: str, timeout: float | None) -> dict[str, Any]:
        """Wait for the end of a job; see :meth:`hub.client.jobs.Job.wait`."""
        return await self._drive(job_steps.wait_for(self._server, self._options, id, timeout))

    async def job_result(self, id: str) -> Reply:
        """Return the result of a job that is done, with the server's remarks."""
        return await self._drive(job_steps.result(self._server, self._options, id))

    async def stream_lines(self, request: Callable[[str], dict[str, Any]]) -> AsyncIterator[str]:
        """Yield the lines of a reply as they come; raises what a reply that is an error says."""
        try:
            async with self._http.stream(**request(self._server.url)) as response:
                if response.is_error:
                    await response.aread()
                jobs.refuse(response, self._server)
                async for line in response.aiter_lines():
                    yield line
        except httpx2.HTTPError as error:
            replies.read(error, self._server, "")

    async def modules(self) -> list[dict[str, Any]]:
        """Return what is served; see :meth:`hub.Client.modules`."""
        return await self._drive(conversation.modules(self._server, self._options))

    async def api(self) -> dict[str, Any]:
        """Return the server's OpenAPI document; see :meth:`hub.Client.api`."""
        return await self._drive(conversation.api(self._server, self._options))

    async def health(self) -> dict[str, Any]:
        """Tell whether all modules are ready; see :meth:`hub.Client.health`."""
        return await self._drive(conversation.health(self._server, self._options))

    async def wait_until_ready(self) -> None:
        """Wait for the server and all its modules; see :meth:`hub.Client.wait_until_ready`."""
        await self._drive(conversation.wait_until_ready(self._server, self._options))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _drive(self, steps: Steps[T]) -> T:
        outcome: Outcome = None
        try:
            while True:
                outcome = await self._do(steps.send(outcome))
        except StopIteration as end:
            value: T = end.value
            return value

    async def _do(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            request = self._http.build_request(**self._request(step))
            response = await self._http.send(request, stream=step.streams)
            if step.streams and not replies.is_stream(response):
                await response.aread()
            return response
        except httpx2.HTTPError as error:
            return error
