"""The stages of a connection, and the worker that owns it as it needs that."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol

from hub.serving.gateway.admission import RequestLimits
from hub.serving.gateway.context import Gateway
from hub.serving.gateway.gate import Gate
from hub.serving.gateway.inflight import InflightBytes
from hub.serving.gateway.wsgi import WSGI


class Stage(Enum):
    """The event that a connection waits for."""

    IDLE = auto()  # the first byte of a request
    HEAD = auto()  # the rest of its headers
    BODY = auto()  # the rest of its body
    RUNNING = auto()  # the app
    STREAMING = auto()  # the app, or the caller, who takes its reply piece by piece
    SENDING = auto()  # the caller, who takes the reply
    DISCARDING = auto()  # the end of a body that nobody reads


class Owner(Protocol):
    """The HTTP worker, as a connection needs it.

    Attributes:
        address: host and port of the server.
        shelves: the connections by what they wait for, each in order of time.
        tls: None for plain HTTP.
    """

    address: tuple[str, int]
    alive: bool
    cfg: Any
    gate: Gate
    gateway: Gateway
    inflight: InflightBytes
    keepalive: float
    limits: RequestLimits
    loop: asyncio.AbstractEventLoop
    reply_timeout: float
    shelves: dict[Stage, dict[Any, None]]
    tls: ssl.SSLContext | None
    wsgi: WSGI

    def now(self) -> float:
        """Return the loop's time."""

    def submit(self, work: Callable[[], None], path: str) -> None:
        """Have a thread do it."""

    def is_sending(self, connection: Any, size: int) -> None:
        """Note a reply that its caller takes slowly."""

    def forget(self, connection: Any) -> None:
        """Take it from its shelf."""
