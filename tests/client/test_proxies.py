"""Proxies of the environment: never asked for this machine, and named where a call fails through one."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

import hub
from hub.client import options
from hub.errors import HubError, UnreachableError

pytestmark = pytest.mark.unit

ELSEWHERE = "http://ocr.example.invalid:8866"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Refusing(http.server.BaseHTTPRequestHandler):
    """A proxy that refuses what it is asked."""

    def do_GET(self) -> None:
        body = b"<html>blocked by policy</html>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def proxy() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_refusal_by_a_proxy_names_it(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:secret@{proxy}")
    with hub.Client(ELSEWHERE) as client, pytest.raises(HubError) as refused:
        client.modules()

    said = f"through the proxy http://{proxy} (no_proxy=ocr.example.invalid leaves it out)"
    assert said in str(refused.value)
    assert "blocked by policy" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    named = pytest.raises(UnreachableError, match=r"through the proxy http://127\.0\.0\.1:9 ")
    with hub.Client(ELSEWHERE) as client, named:
        client.modules()


@pytest.mark.parametrize(
    ("url", "environment", "proxy"),
    [
        ("http://10.0.0.1:8866", {"http_proxy": "http://p:3128"}, "http://p:3128"),
        ("https://10.0.0.1", {"https_proxy": "http://u:w@p:3128"}, "http://p:3128"),
        ("http://10.0.0.1", {"all_proxy": "socks5://p:1080"}, "socks5://p:1080"),
        ("http://10.0.0.1", {"http_proxy": "http://p:3128", "no_proxy": "10.0.0.1"}, ""),
        ("http://127.0.0.1:8866", {"http_proxy": "http://p:3128"}, ""),
        ("http://127.3.2.1:8866", {"http_proxy": "http://p:3128"}, ""),
        ("http://[::1]:8866", {"http_proxy": "http://p:3128"}, ""),
        ("http://localhost:8866", {"http_proxy": "http://p:3128"}, ""),
    ],
)
def test_the_proxy_of_an_address_is_known(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], proxy: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    server = options.server(url, None)

    assert server.proxy == proxy
