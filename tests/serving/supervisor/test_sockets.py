"""The ports of a server: all doors on the same addresses."""

from __future__ import annotations

import errno
import socket

import pytest

from hub.errors import PortBusyError
from hub.serving.supervisor import sockets

pytestmark = pytest.mark.unit


def test_where_http_has_ipv4_alone_grpc_cannot_take_ipv6() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with sockets.keep_from_ipv6(port), socket.socket(socket.AF_INET6) as wildcard:
        wildcard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError) as refused:
            wildcard.bind(("::", port))  # as gRPC does for 0.0.0.0, before it makes do with IPv4

    assert refused.value.errno == errno.EADDRINUSE


def test_a_machine_without_ipv6_needs_no_such_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_ipv6", False)
    with sockets.keep_from_ipv6(1) as holder:
        assert holder.family == socket.AF_INET


@pytest.mark.parametrize(("host", "shown"), [("2001:db8::1", "[2001:db8::1]:"), ("192.0.2.1", "192.0.2.1:")])
def test_an_address_that_is_not_ours_is_named_as_in_a_url(host: str, shown: str) -> None:
    with pytest.raises(PortBusyError) as refused:
        sockets.listen(host, 9)

    assert f"cannot listen on {shown}9" in str(refused.value)


def test_a_busy_port_is_told_with_who_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortBusyError) as refused:
            sockets.listen("127.0.0.1", port)

    assert str(refused.value).startswith(f"Port {port} is occupied, please change it. On it listens process ")
