"""What is fetched by URL, and above all what is not. A local server stands for the Internet."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hub.errors import InvalidInputError
from hub.ocr.fetch import Fetcher, is_public

PUBLIC = "93.184.216.34"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/file":
            self._send(200, b"content", Host=str(self.headers["Host"]))
        elif self.path == "/large":
            self._send(200, b"x" * 3000)
        elif self.path == "/again":
            self._send(302, Location="/file")
        elif self.path == "/inside":
            self._send(302, Location="http://inside.example/file")
        elif self.path == "/round":
            self._send(302, Location="/round")
        elif self.path == "/elsewhere":
            self._send(302, Location="file:///etc/passwd")
        elif self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x")
        else:
            self._send(404)

    def _send(self, code: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def names(host: str, port: int) -> list[str]:
    """example.org is the local server; inside.example is private."""
    return {"example.org": ["127.0.0.1"], "inside.example": ["10.0.0.8"]}[host]


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(2000, 1.0, resolve=names, may_connect=lambda address: address == "127.0.0.1")


def test_a_public_file_is_fetched(fetcher: Fetcher, port: int) -> None:
    assert fetcher.fetch(f"http://example.org:{port}/file") == b"content"


def test_redirects_are_followed(fetcher: Fetcher, port: int) -> None:
    assert fetcher.fetch(f"http://example.org:{port}/again") == b"content"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("large", "more than 0.002 MB", id="too long"),
        pytest.param(
            "inside", "inside.example is at 10.0.0.8, which is not a public", id="redirect to a private one"
        ),
        pytest.param("elsewhere", "only http:// and https://", id="redirect to a file"),
        pytest.param("round", "more than 4 redirects", id="in circles"),
        pytest.param("drip", "within 1 s", id="too slow"),
        pytest.param("short", "IncompleteRead|before all of it", id="cut short"),
        pytest.param("nothing", "answers 404", id="not there"),
    ],
)
def test_what_goes_wrong_is_said(fetcher: Fetcher, port: int, path: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        fetcher.fetch(f"http://example.org:{port}/{path}")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/",
     "http://localhost/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://169.254.169.254/latest/meta-data"],
)  # fmt: skip
def test_this_machine_is_never_connected_to_however_it_is_written(url: str) -> None:
    with pytest.raises(InvalidInputError, match="not a public address"):
        Fetcher(1000, 1.0).fetch(url)


def test_loopback_is_refused_by_the_real_resolver(port: int) -> None:
    with pytest.raises(
        InvalidInputError, match=r"localhost is at (127\.0\.0\.1|::1), which is not a public address"
    ):
        Fetcher(1000, 1.0).fetch(f"http://localhost:{port}/file")


@pytest.mark.parametrize("addresses", [[PUBLIC, "192.168.0.1"], ["192.168.0.1", PUBLIC], ["fe80::1%eth0"]])
def test_one_private_address_among_several_is_enough_to_refuse(addresses: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="not a public address"):
        Fetcher(1000, 1.0, resolve=lambda *_: addresses).fetch("http://example.org/")


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(port: int) -> None:
    """A name server that answers differently the second time (DNS rebinding) is not asked again."""
    answers = iter([["127.0.0.1"], ["10.0.0.8"]])
    asked: list[str] = []

    def checked(address: str) -> bool:
        asked.append(address)
        return True

    fetcher = Fetcher(2000, 1.0, resolve=lambda *_: next(answers), may_connect=checked)

    assert fetcher.fetch(f"http://rebinding.example:{port}/file") == b"content"
    assert asked == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.org/", "only http"),
        ("http:///a", "only http"),
        ("http://user:word@example.org/", "user name"),
        ("http://example.org/a\r\nX: y", "control characters"),
        ("http://example.org:99999/", "Port out of range"),
        ("http://[::1/", "Invalid IPv6"),
    ],
)
def test_strange_urls_are_refused(fetcher: Fetcher, url: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        fetcher.fetch(url)


def test_a_server_that_does_not_speak_tls_is_an_error_in_time(fetcher: Fetcher, port: int) -> None:
    with pytest.raises(InvalidInputError, match="cannot be fetched"):
        fetcher.fetch(f"https://example.org:{port}/file")


def test_a_handshake_that_never_ends_is_cut_off(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(InvalidInputError, match="within 1 s"):
            fetcher.fetch(f"https://example.org:{silent.getsockname()[1]}/")
    assert time.monotonic() - began < 3


def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    over = threading.Event()

    def never(host: str, port: int) -> list[str]:
        over.wait(30)
        return ["127.0.0.1"]

    began = time.monotonic()
    try:
        with pytest.raises(InvalidInputError, match=r"within 0\.3 s"):
            Fetcher(1000, 0.3, resolve=never).fetch("http://slow.example/")
        waited = time.monotonic() - began
    finally:
        over.set()
    assert waited < 10


def test_a_crowd_that_waits_for_its_name_server_is_of_so_many_threads() -> None:
    over, before = threading.Event(), threading.active_count()

    def never(host: str, port: int) -> list[str]:
        over.wait(30)
        return []

    try:
        for _ in range(40):
            with pytest.raises(InvalidInputError, match=r"within 0\.01 s"):
                Fetcher(1000, 0.01, resolve=never).fetch("http://slow.example/")
        assert threading.active_count() - before <= 16
    finally:
        over.set()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True), ("2606:2800:220:1::1", True), ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),
        ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("::1", False), ("fe80::1", False), ("fd00::1", False), ("::", False),
        ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False), ("2002:a00:1::", False),
        ("fec0::1", False), ("feff::1", False), ("64:ff9b:1::5db8:d822", False), ("5f00::1", False),
        ("::ffff:169.254.1.1", False), ("ff02::1", False), ("no address", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public
