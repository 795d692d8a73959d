"""A connection on the worker's loop: whose turn it is to be read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from hub.serving.gateway.connection import Connection
from hub.serving.gateway.inflight import InflightBytes
from hub.serving.gateway.worker import LoopWorker

pytestmark = pytest.mark.unit

HEAD = b"POST /predict/probe HTTP/1.1\r\nContent-Length: 60000000\r\n\r\n"
#: As much as uvloop reads at once.
FULL = 256_000


class Transport:
    """The transport of a caller; only what a connection that receives asks of it."""

    is_reading = True

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        assert high > low  # else TLS takes an empty buffer for a full one

    def get_extra_info(self, _: str) -> Any:
        return ("127.0.0.1", 1)


@pytest.fixture
def soon() -> list[Callable[[], None]]:
    return []


@pytest.fixture
def connection(soon: list[Callable[[], None]]) -> Connection:
    worker = LoopWorker(1, 1, [], None, 30, Config(), logging.getLogger("test"))
    worker.loop, worker.now = SimpleNamespace(call_soon=soon.append), lambda: 0.0
    worker.gate = SimpleNamespace(admit=lambda head: head.length, spool=lambda head: None)
    worker.inflight, worker.limits = InflightBytes(100_000_000), SimpleNamespace(body_timeout=60.0)
    worker.address, worker.tls, worker.keepalive = ("127.0.0.1", 80), None, 75.0
    return Connection(worker)


def test_a_sender_that_has_more_to_send_is_read_again_after_the_others(
    connection: Connection, soon: list[Callable[[], None]]
) -> None:
    transport = Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(HEAD + bytes(FULL - len(HEAD)))
    was_reading = transport.is_reading
    soon.pop()()

    assert (was_reading, transport.is_reading) == (False, True)


def test_a_sender_of_little_is_not_held_up(connection: Connection, soon: list[Callable[[], None]]) -> None:
    transport = Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(HEAD + bytes(1000))

    assert (transport.is_reading, soon) == (True, [])
