"""Hosts as URLs have them, and which of them mean this machine."""

from __future__ import annotations

import pytest

from hub import address
from hub.serving.config.server_config import build

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8866"),
        ("::", "http://[::]:8866"),
        ("::1", "http://[::1]:8866"),
        ("example.org", "http://example.org:8866"),
    ],
)
def test_an_ipv6_address_has_brackets_in_a_url(host: str, url: str) -> None:
    assert address.url("http", host, 8866) == url


@pytest.mark.parametrize("host", ["[::1]", "::1"])
def test_a_host_is_taken_with_brackets_and_without(host: str) -> None:
    assert build({"modules_info": {"echo": {}}, "host": host}, "test").host == "::1"


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("a.localhost", True),
        ("10.0.0.1", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_else(host: str, is_here: bool) -> None:
    assert address.is_loopback(host) is is_here


@pytest.mark.parametrize(
    ("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.0.0.1", "10.0.0.1")]
)
def test_a_server_on_every_address_is_reached_by_loopback(host: str, reached: str) -> None:
    assert address.reachable(host) == reached
