"""Browsers that come from pages of strangers, or under a stranger's name."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import ForbiddenError
from hub.serving.config.server_config import build
from hub.serving.gateway.origins import refuse_strangers

pytestmark = pytest.mark.unit


def check(method: str, headers: dict[str, str], **settings: Any) -> None:
    config = build({"modules_info": {"echo": {}}, "port": 8866, **settings}, "test")
    refuse_strangers(method, headers, config)


OPEN = {"host": "0.0.0.0"}


@pytest.mark.parametrize(
    ("headers", "settings"),
    [
        ({"Host": "127.0.0.1:8866"}, {}),
        ({"Host": "127.0.0.1:8866", "Origin": "http://127.0.0.1:8866"}, {}),
        ({"Host": "localhost:8866", "Origin": "http://localhost:8866"}, {}),
        ({"Host": "[::1]:8866", "Origin": "http://[::1]:8866"}, {}),
        ({"Host": "ocr.example", "Origin": "https://ocr.example"}, OPEN),  # TLS ends at a proxy
        ({"Host": "ocr.example:443", "Origin": "https://ocr.example"}, OPEN),
        ({"Host": "OCR.example", "Origin": "https://ocr.example:443"}, OPEN),
        (
            {"Host": "10.0.0.5:1", "Origin": "https://ocr.example"},
            {**OPEN, "allowed_hosts": "ocr.example"},
        ),
        ({"Host": "a:1", "Origin": "https://b.example"}, {**OPEN, "cors_origins": "https://b.example"}),
        ({"Host": "a:1", "Origin": "null"}, {**OPEN, "cors_origins": "*"}),
        ({"Host": "ocr.example"}, {}),  # a proxy's visitors name the proxy's port
        ({"Host": "ocr.example:8080"}, {}),
        ({"Host": "ocr.example:8866"}, {"allowed_hosts": ["ocr.example"]}),
        ({"Host": "ocr.example:8866"}, {"allowed_hosts": ["ocr.example:8866"]}),
        ({"Host": "ocr.example:8866"}, OPEN),
        ({}, {}),
    ],
)
def test_a_post_from_our_own_pages_or_from_no_page_passes(
    headers: dict[str, str], settings: dict[str, Any]
) -> None:
    check("POST", headers, **settings)


@pytest.mark.parametrize(
    ("headers", "settings"),
    [
        ({"Host": "127.0.0.1:8866", "Origin": "https://evil.example"}, {}),
        ({"Host": "127.0.0.1:8866", "Origin": "http://127.0.0.1:3000"}, {}),
        ({"Host": "127.0.0.1:8866", "Origin": "null"}, {}),
        ({"Host": "ocr.example", "Origin": "https://ocr.example.evil.example"}, OPEN),
        ({"Host": "ocr.example", "Origin": "http://ocr.example:81"}, OPEN),
        ({"Host": "ocr.example", "Origin": "rubbish"}, OPEN),
        ({"Host": "a:1", "Origin": "https://b.example"}, {**OPEN, "allowed_hosts": "b.example:8443"}),
    ],
)
def test_a_post_from_another_page_is_refused_and_the_settings_are_named(
    headers: dict[str, str], settings: dict[str, Any]
) -> None:
    with pytest.raises(ForbiddenError, match="allowed_hosts, or the origin to cors_origins"):
        check("POST", headers, **settings)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_page_may_look_for_it_cannot_read_what_comes(method: str) -> None:
    check(method, {"Host": "127.0.0.1:8866", "Origin": "https://evil.example"})


@pytest.mark.parametrize(
    ("host", "settings"),
    [
        ("evil.example:8866", {}),
        ("192.168.0.5:8866", {}),
        ("evil.example", {"port": 80}),
        ("evil.example:443", {"port": 443}),
        ("127.0.0.1.evil.example:8866", {}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_strange_name_for_a_server_of_this_machine_is_refused(
    method: str, host: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(ForbiddenError, match="allowed_hosts"):
        check(method, {"Host": host}, **settings)
