"""``hub.Client``: carries a conversation's steps out and waits."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx2

from hub.client import conversation, job_steps, jobs, many, payload, replies
from hub.client.base import BaseClient
from hub.client.conversation import Called, Outcome, Pause, Step, Steps
from hub.client.jobs import Job
from hub.client.many import Prediction
from hub.client.progress import progress_bar
from hub.client.replies import Reply
from hub.errors import HubError

log = logging.getLogger("hub.client")
T = TypeVar("T")


class Client(BaseClient):
    """A HubServing server. Connections are kept and reused; several threads may share one client.

        with hub.Client("http://127.0.0.1:8868", timeout=30) as client:
            lines = client.predict("ocr_system", images=["a.jpg", array, data])

    Args:
        url: the server's address, with or without ``http://``; behind a proxy with the path under which the
            proxy has it.
        timeout, strict, resend: see :class:`hub.client.options.Options`.
        api_key: default ``HUB_API_KEY``, if that is set.
        verify: for https: True, a PEM file of certificates to trust, an ``ssl.SSLContext``, or False.

    Raises:
        ConfigError: the address, the key or the certificates cannot be used.
    """

    _transport = httpx2.Client
    _http: httpx2.Client

    def predict(self, module: str, /, *, method: str | None = None, **arguments: Any) -> Any:
        """Call a module and return its ``results``.

        Args:
            module: as in ``/predict/<module>``.
            method: of its serving methods another than the first, as in ``/predict/<module>/<method>``. A
                module's own argument of that name is sent by ``call``.
            **arguments: the module's own. Arrays (uint8, height × width × 3, BGR), bytes, ``Path``, file
                objects (mode "rb") and PIL images are sent as image files; under ``images`` and ``image`` a
                string is a path. Others go as JSON.

        A method that answers with a stream gives a list of its items here; see ``stream``.

        Raises:
            RequestError: the server refused or the module failed: one class per reason, the server's message.
            UnreachableError, ConnectionLostError, ReplyError: no module answered.
        """
        reply = self.call(module, arguments, method=method)
        if reply.message:
            log.warning("%s: %s", module, reply.message)
        return reply.results

    def call(self, module: str, arguments: Mapping[str, Any], *, method: str | None = None) -> Reply:
        """Do as ``predict``, with a mapping of arguments; the reply has remarks and request id besides."""
        body = payload.encode(arguments)
        called = Called(module, method)
        return self._drive(conversation.predict(self._server, self._options, called, body))

    def stream(self, module: str, /, *, method: str | None = None, **arguments: Any) -> Iterator[Any]:
        """Call a module that answers with a stream; yield its items as they come.

        The timeout holds until the first item and between two. A caller that stops early (and closes the
        iterator) closes the connection, by which the server ends the stream. A method that does not stream
        yields the items of its list.

        Args:
            module: as for ``predict``, which returns all items in a list.
            method: likewise.
            **arguments: likewise.

        Raises:
            RequestError: as ``predict``; also after some items, where the module or the server broke off.
            ConnectionLostError: the stream broke off without a word.  UnreachableError, ReplyError.
        """
        body = payload.encode(arguments)
        called = Called(module, method)
        begun = self._drive(conversation.stream(self._server, self._options, called, body))
        if isinstance(begun, Reply):
            yield from replies.at_once(begun)
            return
        request_id = begun.headers.get("X-Request-ID", "")
        items = replies.Items(request_id)
        with contextlib.closing(begun):
            try:
                for data in begun.iter_bytes():
                    yield from items.take(data)
            except httpx2.HTTPError as error:
                raise replies.lost(error, self._server, request_id) from error
        if message := items.end():
            log.warning("%s: %s", module, message)

    def predict_many(
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
    ) -> Iterator[Prediction]:
        """Call a module once for each item, ``concurrency`` at a time; yield predictions in the items' order.

        An item that fails is a prediction with an ``error``. A problem that is not the item's ends the
        iteration: no server, no such module, no key, an unknown argument, no place within the timeout.

        Args:
            module: as for ``predict``.
            items: what ``argument`` takes one of.
            method: as for ``predict``.
            argument: the argument's name; it gets a list of one, but for ``image``, ``text`` and the like.
            concurrency: calls at once.
            progress: show a bar on stderr, if that is a terminal.
            **arguments: the same as for ``predict``, for every call.
        """

        def work(item: Any) -> Prediction:
            try:
                value = many.argument_value(argument, item)
                reply = self.call(module, {**arguments, argument: value}, method=method)
            except HubError as error:
                return many.failed(item, error)
            return Prediction(item, reply.results, reply.message)

        with progress_bar(module, items, shown=progress) as advance:
            for prediction in many.in_order(items, work, concurrency):
                advance()
                yield prediction

    def submit(
        self,
        module: str,
        /,
        *,
        method: str | None = None,
        idempotency_key: str | None = None,
        **arguments: Any,
    ) -> Job:
        """Have the server call a module in the background, page by page, and return the job.

        Args:
            module: a module, or a pipeline's endpoint.
            method: as for ``predict``.
            idempotency_key: the same key with the same arguments is the same job; a new one unless given.
            **arguments: as for ``predict``; of a pipeline its body.

        Raises:
            RequestError, ClientError: as ``predict``; TooManyJobsError, StorageFullError besides.
        """
        body, called = payload.encode(arguments), Called(module, method)
        key = idempotency_key or secrets.token_hex(16)
        told = self._drive(job_steps.submit(self._server, self._options, called, body, key))
        return Job(self, told["id"])

    def job(self, id: str) -> Job:
        """Return a job that was submitted before, by its id; nothing is asked."""
        return Job(self, id)

    def jobs(self) -> list[dict[str, Any]]:
        """Return how all jobs of this client's key are doing, oldest first."""
        return self._drive(job_steps.known(self._server, self._options))

    def ask_job(self, id: str, how: str = "GET") -> dict[str, Any]:
        """Return how a job is doing; with ``DELETE`` it is cancelled."""
        return self._drive(job_steps.ask(self._server, self._options, id, how))

    def wait_for_job(self, id: str, timeout: float | None) -> dict[str, Any]:
        """Wait for the end of a job; see :meth:`Job.wait`."""
        return self._drive(job_steps.wait_for(self._server, self._options, id, timeout))

    def job_result(self, id: str) -> Reply:
        """Return the result of a job that is done, with the server's remarks."""
        return self._drive(job_steps.result(self._server, self._options, id))

    def stream_lines(self, request: Callable[[str], dict[str, Any]]) -> Iterator[str]:
        """Yield the lines of a reply as they come; raises what a reply that is an error says."""
        try:
            with self._http.stream(**request(self._server.url)) as response:
                if response.is_error:
                    response.read()
                jobs.refuse(response, self._server)
                yield from response.iter_lines()
        except httpx2.HTTPError as error:
            replies.read(error, self._server, "")

    def modules(self) -> list[dict[str, Any]]:
        """Return what is served: name, version, state, parameters, … of each module."""
        return self._drive(conversation.modules(self._server, self._options))

    def api(self) -> dict[str, Any]:
        """Return the server's OpenAPI document: the schema of each module's arguments and results."""
        return self._drive(conversation.api(self._server, self._options))

    def health(self) -> dict[str, Any]:
        """Return ``{"ready": bool, "modules": {name: {"state": …}}}``; a failed module has a ``reason``."""
        return self._drive(conversation.health(self._server, self._options))

    def wait_until_ready(self) -> None:
        """Wait for the server and all its modules, as long as the timeout.

        Raises:
            UnavailableError: a module failed, or is not ready in time.  UnreachableError.
        """
        self._drive(conversation.wait_until_ready(self._server, self._options))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drive(self, steps: Steps[T]) -> T:
        outcome: Outcome = None
        try:
            while True:
                outcome = self._do(steps.send(outcome))
        except StopIteration as end:
            value: T = end.value
            return value

    def _do(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            response = self._http.send(self._http.build_request(**self._request(step)), stream=step.streams)
            if step.streams and not replies.is_stream(response):
                response.read()
            return response
        except httpx2.HTTPError as error:
            return error
