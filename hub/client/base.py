"""The common part of both clients: their options, and how a request looks to httpx2."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

import httpx2

from hub.client import options
from hub.client.conversation import Ask
from hub.client.options import CONNECT_SECONDS, Options, Verify


class BaseClient:
    """A server, how calls are made, and the connections to it."""

    _transport: ClassVar[type[httpx2.Client | httpx2.AsyncClient]]

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
        self._http: Any = self._transport(**options.transport_options(self._server, verify))

    def with_options(
        self, *, timeout: float | None = None, strict: bool | None = None, resend: bool | None = None
    ) -> Self:
        """Return the same client with other options for some calls; connections are shared."""
        given: dict[str, Any] = {"timeout": timeout, "strict": strict, "resend": resend}
        changed = {key: each for key, each in given.items() if each is not None}
        other = copy(self)
        other._options = replace(self._options, **changed)
        return other

    @property
    def timeout(self) -> float:
        """Seconds for a call as a whole."""
        return self._options.timeout

    def _request(self, ask: Ask) -> dict[str, Any]:
        """Return the keyword arguments of httpx2's ``request``."""
        return {
            "method": ask.method,
            "url": self._server.url + ask.path,
            "content": ask.body,
            "headers": dict(ask.headers),
            "timeout": httpx2.Timeout(ask.seconds, connect=min(ask.seconds, CONNECT_SECONDS)),
        }
