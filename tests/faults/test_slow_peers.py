"""Callers that send or take their bytes slowly, or not at all: they cost a descriptor and nothing else."""

from __future__ import annotations

import contextlib
import resource
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving.running import Server, wait_until

KEY = "0123456789abcdef"
WITH_KEY = b"X-API-Key: %s\r\n" % KEY.encode()
JSON = b"Content-Type: application/json\r\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"alice:{KEY}\n")
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Server]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    settings = {"api_key_file": str(keys), "reply_timeout": 3, "body_timeout": 5, "max_inflight_mb": 70}
    with Server(
        tmp_path_factory.mktemp("home"), {"probe": {}}, http_workers=1, http_threads=8, **settings
    ) as running:
        yield running


def head(path: str, *lines: bytes, method: str = "POST") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode() + b"".join(lines) + b"\r\n"


@contextlib.contextmanager
def crowd(server: Server, count: int, data: bytes, receive_buffer: int = 0) -> Iterator[list[socket.socket]]:
    """``count`` connections that have sent ``data``; they read nothing by themselves."""
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.socket())
            if receive_buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(data)
            connections.append(connection)
        yield connections


def honest(server: Server, seconds: float = 5.0) -> None:
    """An honest caller is answered, on new connections; and so is who asks for its health."""
    for _ in range(3):
        reply = requests.post(
            f"{server.url}/predict/probe", json={"text": "a"}, headers={"X-API-Key": KEY}, timeout=seconds
        )
        assert reply.status_code == 200, reply.text
        assert requests.get(f"{server.url}/health/live", timeout=seconds).status_code == 200
        assert requests.get(f"{server.url}/metrics", headers={"X-API-Key": KEY}, timeout=seconds).ok


def descriptors(server: Server) -> int:
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid, _ in server.all_processes())


def threads(server: Server) -> int:
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid, _ in server.all_processes())


SLOW = {
    "pages that nobody reads": (head("/ui/swagger-ui-bundle.js", method="GET"), 4096),
    "answers that nobody reads": (
        head("/openapi.json", WITH_KEY, method="GET"),
        4096,
    ),
    "refused bodies": (head("/predict/probe", JSON, b"Content-Length: 66000\r\n") + b"{", 0),
    "small refused bodies": (head("/predict/probe", JSON, b"Content-Length: 999\r\n") + b"{", 0),
    "announced bodies": (
        head("/predict/probe", JSON, b"Content-Length: 64000000\r\n", WITH_KEY) + b"{",
        0,
    ),
    "bodies in chunks": (
        head("/predict/probe", JSON, b"Transfer-Encoding: chunked\r\n", WITH_KEY) + b"1\r\n{\r\n",
        0,
    ),
    "bodies of other routes": (head("/v2/repository/index", b"Content-Length: 64000000\r\n") + b"{", 0),
    "half a head": (b"POST /predict/probe HTTP/1.1\r\nHos", 0),
    "silence": (b"", 0),
}


@pytest.mark.parametrize("kind", SLOW)
def test_two_hundred_slow_peers_delay_nobody_and_leave_nothing_behind(server: Server, kind: str) -> None:
    data, receive_buffer = SLOW[kind]
    honest(server)
    before = descriptors(server), threads(server)
    with crowd(server, 200, data, receive_buffer):
        honest(server)
    wait_until(lambda: descriptors(server) <= before[0] + 3, 20, "descriptors as before")
    assert threads(server) <= before[1] + 10  # the pool's own, which stay
    honest(server)


@pytest.mark.parametrize(
    ("path", "method"), [("/ui/swagger-ui-bundle.js", "GET"), ("/predict/probe", "POST")]
)
def test_a_reply_that_is_not_taken_ends_with_its_time(server: Server, path: str, method: str) -> None:
    body = b'{"text": "%s"}' % (b"x" * 6_000_000)
    length = b"Content-Length: %d\r\nX-API-Key: %s\r\n" % (len(body), KEY.encode())
    data = head(path, JSON, length) + body if method == "POST" else head(path, method=method) * 20
    before = descriptors(server)
    with crowd(server, 5, data, 4096):
        wait_until(lambda: descriptors(server) <= before + 3, 20, "the connections are closed")


def test_the_kernel_is_given_little_of_a_reply_that_nobody_reads(server: Server) -> None:
    with crowd(server, 10, head("/ui/swagger-ui-bundle.js", method="GET"), 4096):
        wait_until(lambda: unsent(server) > 10 * 60_000, 20, "the replies are on their way")
        time.sleep(1)

        assert unsent(server) < 10 * 700_000  # of 1.5 MB each


def unsent(server: Server) -> int:
    """Bytes that the kernel holds for those who are connected to the server."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        int(line[4].partition(":")[0], 16) for line in lines if line[1].endswith(f":{server.port:04X}")
    )


def test_a_refused_sender_is_let_go_though_it_sends_on(server: Server) -> None:
    data = head("/predict/probe", JSON, b"Content-Length: 60000000\r\n")
    with crowd(server, 1, data) as (connection,):
        connection.settimeout(0.2)
        started, received = time.monotonic(), b""

        def is_cut() -> bool:
            nonlocal received
            try:
                connection.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    received += connection.recv(4096)
            except OSError:
                return True
            return False

        wait_until(is_cut, 20, "the end of the connection")
        assert received.startswith(b"HTTP/1.1 401")
        assert time.monotonic() - started < 15


def test_bodies_are_counted_as_they_arrive_and_not_as_they_are_announced(server: Server) -> None:
    announced = head("/predict/probe", JSON, b"Content-Length: 60000000\r\n", WITH_KEY)
    with crowd(server, 8, announced + b'{"'):
        assert post_megabytes(server, 1) == 200
    with crowd(server, 2, announced + b" " * 34_000_000):  # two of them hold nearly all there is
        wait_until(lambda: post_megabytes(server, 4) == 503, 10, "a refusal")
    wait_until(lambda: post_megabytes(server, 4) == 200, 10, "room again")


def post_megabytes(server: Server, count: int) -> int:
    body = {"text": "x" * (count * 1_000_000)}
    headers = {"X-API-Key": KEY}
    return requests.post(f"{server.url}/predict/probe", json=body, headers=headers, timeout=10).status_code


@pytest.mark.parametrize("path", ["/v2/repository/index", "/v2/repository/models/probe/load", "/health/live"])
def test_only_routes_that_call_a_module_take_large_bodies(server: Server, path: str) -> None:
    data = head(path, JSON, b"Content-Length: 64000000\r\n", WITH_KEY)
    with crowd(server, 1, data) as (connection,):
        connection.settimeout(10)
        assert connection.recv(12) in (b"HTTP/1.1 413", b"HTTP/1.1 405")


def test_a_repository_call_whose_parameters_are_no_object_is_refused(server: Server) -> None:
    url = f"{server.url}/v2/repository/models/probe/load"
    reply = requests.post(url, json={"parameters": 5}, headers={"X-API-Key": KEY}, timeout=10)

    assert (reply.status_code, "must be a JSON object" in reply.text) == (400, True)


def test_a_forged_path_makes_no_line_of_the_log(server: Server) -> None:
    path = "/predict/x%0A[2026-01-01 00:00:00,000] [ERROR] [gateway] forged%1b[2J"
    with crowd(server, 1, head(path.replace(" ", "%20"))) as (connection,):
        connection.settimeout(10)
        assert b"401" in connection.recv(100)
    log = wait_until(lambda: server.log() if "forged" in server.log() else "", 5)

    assert not [line for line in log.splitlines() if line.startswith("[2026-01-01")]
    assert "\x1b" not in log


# -- connections at their limit, and kept ----------------------------------------------------------


def test_silent_connections_at_the_limit_make_way_for_new_ones(home: Path) -> None:
    with Server(home, {"probe": {}}, http_threads=8, prefix=["prlimit", "--nofile=256:256"]) as server:
        with crowd(server, 400, b""):
            reply = requests.post(f"{server.url}/predict/probe", json={}, timeout=5)
        assert reply.status_code == 200


def test_a_connection_is_kept_for_as_long_as_the_setting_says(home: Path) -> None:
    ask = head("/health/live", method="GET")
    with Server(home, {"probe": {}}, keepalive=2) as server, crowd(server, 1, ask) as (connection,):
        connection.settimeout(15)
        first = connection.recv(4096)
        time.sleep(1.0)
        connection.sendall(ask)
        second = connection.recv(4096)
        end = connection.recv(1)

        assert (first[:12], second[:12], end) == (b"HTTP/1.1 200", b"HTTP/1.1 200", b"")


# -- over TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    settings = {"certfile": str(certificate), "keyfile": str(key), "body_timeout": 1}
    with Server(folder / "home", {"probe": {}}, **settings) as running:
        yield running


def encrypted(server: Server) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    return context.wrap_socket(plain)


def test_a_slow_body_over_tls_is_answered_408_through_tls(secure: Server) -> None:
    with encrypted(secure) as connection:
        connection.sendall(head("/predict/probe", JSON, b"Content-Length: 99\r\n") + b"{")

        assert connection.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.slow
def test_over_tls_neither_a_silent_handshake_nor_half_a_head_outlives_its_deadline(secure: Server) -> None:
    with crowd(secure, 3, b""), encrypted(secure) as half:
        half.sendall(b"POST /predict/probe HTTP/1.1\r\nHo")
        before = descriptors(secure)
        wait_until(lambda: descriptors(secure) <= before - 4, 40, "all are closed")


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_over_tls_a_connection_ends_when_its_caller_says_so(secure: Server, pieces: int) -> None:
    ask = head("/predict/probe", JSON, b"Content-Length: 2\r\nConnection: close\r\n") + b"{}"
    with encrypted(secure) as connection:
        connection.settimeout(10)
        size = len(ask) // pieces + 1
        for start in range(0, len(ask), size):
            time.sleep(0.2)  # so that each arrives by itself
            connection.sendall(ask[start : start + size])
        received = b""
        while data := connection.recv(16_384):
            received += data

    assert received.startswith(b"HTTP/1.1 200")
