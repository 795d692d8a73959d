"""Noticing that a client hung up while Ray has its request. Needs no Ray."""

from __future__ import annotations

import socket
import threading

import pytest

from hub.serving.ray.gateway_side.callers import Callers

pytestmark = pytest.mark.unit


def test_a_hang_up_is_told_while_the_client_is_watched() -> None:
    callers, left = Callers(), threading.Event()
    client, server = socket.socketpair()
    with client, server, callers.watched(server.fileno(), left.set):
        assert not left.wait(0.05)
        client.close()

        assert left.wait(5)


def test_what_a_client_sends_is_no_hang_up() -> None:
    callers, left = Callers(), threading.Event()
    client, server = socket.socketpair()
    with client, server, callers.watched(server.fileno(), left.set):
        client.send(b"the next request")

        assert not left.wait(0.1)


def test_a_later_client_with_the_same_descriptor_is_another_one() -> None:
    callers, first, second = Callers(), threading.Event(), threading.Event()
    client, server = socket.socketpair()
    with client, server:
        with callers.watched(server.fileno(), first.set):
            pass
        with callers.watched(server.fileno(), second.set):
            client.close()

            assert second.wait(5)
    assert not first.is_set()
