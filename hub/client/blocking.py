"""``hub.Client``: carries a conversation's steps out and waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, TypeVar

import httpx2

from hub.client import conversation, many, options, payload
from hub.client.conversation import Pause, Step, Steps
from hub.client.many import Prediction
from hub.client.options import CONNECT_SECONDS, Options, Verify
from hub.client.progress import progress_bar
from hub.client.replies import Reply
from hub.errors import HubError

log = logging.getLogger("hub.client")
T = TypeVar("T")


class Client:
    """A HubServing server. Connections are kept and reused; several threads may share one client.

        with hub.Client("http://127.0.0.1:8868", timeout=30) as client:
            lines = client.predict("ocr_system", images=["a.jpg", array, data])

    Args:
        url: the server's address; behind a proxy with the path under which the proxy has it.
        timeout, strict, resend: see :class:`hub.client.options.Options`.
        api_key: default ``HUB_API_KEY``, if that is set.
        verify: for https: True, a PEM file of certificates to trust, an ``ssl.SSLContext``, or False.

    Raises:
        ConfigError: the address, the key or the certificates cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 60.0,
        strict: bool = True,
        api_key: str | None = None,
        verify: Verify = True,
        resend: bool | None = None,
    ) -> None:
        self._options = Options(timeout=timeout, strict=strict, resend=resend)
        self._server = options.server(url, api_key)
        self._http = httpx2.Client(**options.transport_options(self._server, verify))

    def predict(self, module: str, /, **arguments: Any) -> Any:
        """Call a module and return its ``results``.

        Args:
            module: as in ``/predict/<module>``.
            **arguments: the module's own. Arrays (uint8, height × width × 3, BGR), bytes and ``Path`` are
                sent as image files; under ``images`` and ``image`` a string is a path. Others go as JSON.

        Raises:
            RequestError: the server refused or the module failed: one class per reason, the server's message.
            UnreachableError, ConnectionLostError, ReplyError: no module answered.
        """
        reply = self.call(module, arguments)
        if reply.message:
            log.warning("%s: %s", module, reply.message)
        return reply.results

    def call(self, module: str, arguments: Mapping[str, Any]) -> Reply:
        """``predict`` with the arguments in a mapping; the reply has remarks and request id besides."""
        body = payload.encode(arguments)
        return self._drive(conversation.predict(self._server, self._options, module, body))

    def predict_many(
        self,
        module: str,
        items: Iterable[Any],
        /,
        *,
        argument: str = "images",
        concurrency: int = 4,
        progress: bool = False,
        **arguments: Any,
    ) -> Iterator[Prediction]:
        """Call a module once for each item, ``concurrency`` at a time; yield predictions in the items' order.

        An item that fails is a prediction with an ``error``. What is wrong with more than an item ends the
        iteration: no server, no such module, no key, an unknown argument, no place within the timeout.

        Args:
            module: as for ``predict``, as are ``arguments``, which every call gets.
            items: what ``argument`` takes one of.
            argument: the argument's name; it gets a list of one, but for ``image``, ``text`` and the like.
            concurrency: calls at once.
            progress: show a bar on stderr, if that is a terminal.
        """

        def work(item: Any) -> Prediction:
            try:
                value = many.argument_value(argument, item)
                reply = self.call(module, {**arguments, argument: value})
            except many.NOT_THE_ITEMS:
                raise
            except HubError as error:
                return Prediction(item, error=error)
            return Prediction(item, reply.results, reply.message)

        with progress_bar(module, items, shown=progress) as advance:
            for _, prediction in many.in_order(items, work, concurrency):
                advance()
                yield prediction

    def modules(self) -> list[dict[str, Any]]:
        """What is served: name, version, state, parameters, … of each module."""
        return self._drive(conversation.modules(self._server, self._options))

    def health(self) -> dict[str, Any]:
        """``{"ready": bool, "modules": {name: {"state": …}}}``; a module that failed has a ``reason``."""
        return self._drive(conversation.health(self._server, self._options))

    def wait_until_ready(self) -> None:
        """Wait for the server and all its modules, as long as the timeout.

        Raises:
            UnavailableError: a module failed, or is not ready in time.  UnreachableError.
        """
        self._drive(conversation.wait_until_ready(self._server, self._options))

    def with_options(
        self, *, timeout: float | None = None, strict: bool | None = None, resend: bool | None = None
    ) -> Self:
        """The same client with other options for some calls; connections are shared."""
        other = object.__new__(type(self))
        other._http, other._server = self._http, self._server
        other._options = self._options.changed(timeout, strict, resend)
        return other

    @property
    def timeout(self) -> float:
        """Seconds for a call as a whole."""
        return self._options.timeout

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drive(self, steps: Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                step = steps.send(self._do(step))
        except StopIteration as end:
            value: T = end.value
            return value

    def _do(self, step: Step) -> httpx2.Response | httpx2.HTTPError | None:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        timeout = httpx2.Timeout(step.seconds, connect=min(step.seconds, CONNECT_SECONDS))
        try:
            return self._http.request(
                step.method,
                self._server.url + step.path,
                content=step.body,
                headers=dict(step.headers),
                timeout=timeout,
            )
        except httpx2.HTTPError as error:
            return error
