"""Requests that are wrong by accident or on purpose: cases 20, 25 and 28 of the fault list, and a fuzzer."""

from __future__ import annotations

import base64
import http.client
import json
import random
import socket
import string
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server

#: Every code that doc/faults.md names; 501 is Gunicorn's for a transfer coding that it does not know.
CODES = {200, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 431, 500, 501, 502, 503, 504}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    modules: dict[str, dict[str, Any]] = {"probe": {}, "greet": {}, "look": {}}
    with Server(home, modules, max_body_mb=1, max_images=4, max_pixels=1_000_000, timeout=5) as running:
        yield running


def is_envelope(data: bytes) -> bool:
    reply = json.loads(data)
    return set(reply) == {"msg", "results", "status"} and reply["status"] in ("0", "101", "111", "112")


# -- case 20: JSON ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 500_000, id="deep lists"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="deep objects"),
        pytest.param(b'{"text": nan}', id="nan"),
        pytest.param(b'{"text": +Infinity}', id="+Infinity"),
        pytest.param(b'{"text": "\xff\xfe"}', id="not UTF-8"),
        pytest.param('{"text": "a"'.encode("utf-16"), id="cut UTF-16"),
        pytest.param(b'{"text": "\\ud8"}', id="half an escape"),
        pytest.param(b'{"text": "a" "b"}', id="no comma"),
        pytest.param(b'{"text": "a",}', id="trailing comma"),
        pytest.param(b"{'text': 'a'}", id="single quotes"),
        pytest.param(b'{"text": "a"} {}', id="two values"),
        pytest.param(b'{"text": "\x00"}', id="NUL"),
        pytest.param(b'\xfe\xff{"text": "a"}', id="another byte order mark"),
        pytest.param(b'{"text": 0123}', id="octal"),
        pytest.param(b"   ", id="blank"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"7", id="a number"),
    ],
)
def test_case_20_what_is_no_json_object_is_400_with_status_112(server: Server, body: bytes) -> None:
    reply = server.post("probe", data=body, json=None, headers={"Content-Type": "application/json"})

    assert (reply.status_code, reply.json()["status"]) == (400, "112")


@pytest.mark.parametrize(
    ("text", "others"),
    [
        pytest.param('{"a": 1, "a": 2}', {"a": 2}, id="duplicate keys: the last one counts"),
        pytest.param('{"a": 18446744073709551615}', {"a": 18446744073709551615}, id="64 bits"),
        pytest.param('{"a": -9223372036854775808}', {"a": -9223372036854775808}, id="negative 64 bits"),
        pytest.param('{"": 1}', {"": 1}, id="empty key"),
        pytest.param('{"a": "\\u0000"}', {"a": "\0"}, id="escaped NUL"),
        pytest.param('{"名": "值"}', {"名": "值"}, id="Chinese key"),
        pytest.param('{"a": ' + "[" * 100 + "]" * 100 + "}", None, id="100 levels"),
    ],
)
def test_case_20_strange_but_valid_json_arrives_as_it_is(server: Server, text: str, others: Any) -> None:
    reply = server.post("probe", data=text.encode(), json=None, headers={"Content-Type": "application/json"})

    assert reply.status_code == 200
    assert others is None or reply.json()["results"]["others"] == others


@pytest.mark.parametrize(
    ("body", "others"),
    [
        pytest.param(b'\xef\xbb\xbf{"a": "b"}', {"a": "b"}, id="byte order mark"),
        pytest.param('{"a": "字"}'.encode("utf-16"), {"a": "字"}, id="UTF-16"),
        pytest.param('{"a": "字"}'.encode("utf-32-le"), {"a": "字"}, id="UTF-32"),
        pytest.param(b'{"a": [NaN, Infinity]}', {"a": [None, None]}, id="NaN comes back as null"),
        pytest.param(b'{"a": "\\ud800"}', {"a": "\ud800"}, id="half a surrogate pair"),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", None])
def test_case_20_all_that_json_loads_reads_is_read(
    server: Server, body: bytes, others: Any, kind: str | None
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    reply = server.post("probe", data=body, json=None, headers=headers)

    assert reply.status_code == 200, reply.text
    assert reply.json()["results"]["others"] == others


@pytest.mark.parametrize(
    "digits", ["9" * 30, "9" * 5000, "-" + "1" * 400, "1e999", "1e-999", "1" * 100 + ".5"]
)
def test_case_20_a_huge_number_is_no_trouble(server: Server, digits: str) -> None:
    body = b'{"number": %s}' % digits.encode()
    reply = server.post("probe", data=body, json=None, headers={"Content-Type": "application/json"})

    assert reply.status_code in (200, 400)
    assert is_envelope(reply.content)


@pytest.mark.parametrize("name", ["self", "__class__", "cls", "kwargs", "others", "args"])
def test_case_20_python_s_own_names_are_no_way_in(server: Server, name: str) -> None:
    for module in ("probe", "greet"):
        reply = server.post(module, {name: "x", "names": ["a"]})

        assert reply.status_code in (200, 400), reply.text
        assert is_envelope(reply.content)


def test_case_20_self_is_an_argument_like_any_other_unknown_one(server: Server) -> None:
    reply = server.post("probe", {"self": "x"})

    assert reply.status_code == 400
    assert "`self`" in reply.json()["msg"]


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/octet-stream", "json", "/"])
def test_case_20_another_content_type_is_415(server: Server, kind: str) -> None:
    reply = server.post("probe", data=b"{}", json=None, headers={"Content-Type": kind})

    assert (reply.status_code, reply.json()["status"]) == (415, "101")


# -- case 25: names --------------------------------------------------------------------------------


def exchange(server: Server, data: bytes, seconds: float = 10.0) -> tuple[int, bytes]:
    """Send bytes as they are; code and body of the first answer, (0, b"") when there is none."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(data)
        reply = http.client.HTTPResponse(connection)
        try:
            reply.begin()
            return reply.status, reply.read()
        except (http.client.HTTPException, OSError):
            return 0, b""


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        pytest.param(b"/predict/../../etc/passwd", (404,), id="dots"),
        pytest.param(b"/predict/..%2f..%2fetc%2fpasswd", (404,), id="encoded dots"),
        pytest.param(b"/predict/%00", (404,), id="NUL"),
        pytest.param(b"/predict/probe%00", (404,), id="NUL at the end"),
        pytest.param(b"/predict/" + b"x" * 3900, (404,), id="4 kB"),
        pytest.param(b"/predict/" + b"x" * 10_000, (414,), id="10 kB"),
        pytest.param("/predict/模块".encode(), (400, 404), id="Chinese"),
        pytest.param(b"/predict/%ff%fe", (404,), id="not UTF-8"),
        pytest.param(b"/predict/", (404,), id="none"),
        pytest.param(b"/predict/probe/", (404,), id="a slash too many"),
        pytest.param(b"/predict//probe", (404,), id="two slashes"),
        pytest.param(b"/predict/PROBE", (404,), id="upper case"),
        pytest.param(b"/predict/constructor", (404,), id="constructor"),
        pytest.param(b"/predict/probe%20", (404,), id="space"),
        pytest.param(b"*", (400, 404), id="asterisk"),
        pytest.param(b"http://[/predict/probe", (400, 404), id="broken absolute form"),
    ],
)
def test_case_25_a_name_that_nothing_has_is_404_and_touches_no_file(
    server: Server, path: bytes, codes: tuple[int, ...]
) -> None:
    head = b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    code, body = exchange(server, head + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")

    assert code in codes
    assert is_envelope(body)
    assert b"root:" not in body


# -- case 28: HTTP that is not what it seems -------------------------------------------------------

POST = b"POST /predict/probe HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BODY = b'{"text": "a"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNK = b"d\r\n" + BODY + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(POST + LENGTH + CHUNKED + b"\r\n" + CHUNK, id="length and chunked"),
        pytest.param(POST + LENGTH + b"Content-Length: 5\r\n\r\n" + BODY, id="two lengths"),
        pytest.param(POST + LENGTH + LENGTH + b"\r\n" + BODY, id="the same length twice"),
        pytest.param(POST + b"Content-Length: 13, 13\r\n\r\n" + BODY, id="a list of lengths"),
        pytest.param(POST + b"Content-Length: +13\r\n\r\n" + BODY, id="a signed length"),
        pytest.param(POST + b"Content-Length: 0x0d\r\n\r\n" + BODY, id="a hexadecimal length"),
        pytest.param(POST + b"Content-Length: 1_3\r\n\r\n" + BODY, id="a length with underscore"),
        pytest.param(POST + b"Content-Length: -1\r\n\r\n" + BODY, id="a negative length"),
        pytest.param(POST + "Content-Length: ١٣\r\n\r\n".encode() + BODY, id="Arabic digits"),
        pytest.param(POST + b"Content-Length : 13\r\n\r\n" + BODY, id="space before the colon"),
        pytest.param(POST + b"Content-Length:\r\n 13\r\n\r\n" + BODY, id="a folded header"),
        pytest.param(POST + b"Content-Length: 13\n\n" + BODY, id="bare line feeds"),
        pytest.param(POST + b"X: a\rContent-Length: 13\r\n\r\n" + BODY, id="a bare carriage return"),
        pytest.param(POST + b"X: a\x00b\r\n" + LENGTH + b"\r\n" + BODY, id="NUL in a header"),
        pytest.param(POST + b"Content_Length: 13\r\n\r\n" + BODY, id="underscore in a header's name"),
        pytest.param(POST + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNK, id="xchunked"),
        pytest.param(POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNK, id="chunked not last"),
        pytest.param(POST + CHUNKED + CHUNKED + b"\r\n" + CHUNK, id="chunked twice"),
        pytest.param(POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + CHUNK, id="a tab before chunked"),
        pytest.param(POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNK, id="gzip, chunked"),
        pytest.param(POST + CHUNKED + b"\r\nzz\r\n" + BODY, id="a size that is no number"),
        pytest.param(POST + CHUNKED + b"\r\n-1\r\n" + BODY, id="a negative size"),
        pytest.param(POST + CHUNKED + b"\r\n0x0d\r\n" + BODY + b"\r\n0\r\n\r\n", id="a size with 0x"),
        pytest.param(POST + CHUNKED + b"\r\n" + b"f" * 40 + b"\r\n" + BODY, id="an overflowing size"),
        pytest.param(POST + CHUNKED + b"\r\nd\r\n" + BODY + b"XX0\r\n\r\n", id="no line end after a chunk"),
        pytest.param(POST + CHUNKED + b"\r\nd\n" + BODY + b"\n0\n\n", id="bare line feeds in chunks"),
        pytest.param(POST + CHUNKED + b"\r\nd;a=" + b"x" * 70_000 + b"\r\n", id="an endless extension"),
        pytest.param(
            POST + CHUNKED + b"\r\n" + CHUNK[:-2] + b"X: a\r\nContent-Length: 9\r\n\r\n", id="trailers"
        ),
        pytest.param(b"POST /predict/probe HTTP/1.0\r\n" + CHUNKED + b"\r\n" + CHUNK, id="chunked in 1.0"),
        pytest.param(b"POST  /predict/probe  HTTP/1.1\r\n" + LENGTH + b"\r\n" + BODY, id="spaces"),
        pytest.param(b"POST\t/predict/probe\tHTTP/1.1\r\n" + LENGTH + b"\r\n" + BODY, id="tabs"),
        pytest.param(b"PO ST /predict/probe HTTP/1.1\r\n\r\n", id="a method of two words"),
        pytest.param(b"post /predict/probe HTTP/1.1\r\nHost: x\r\n\r\n", id="a method in lower case"),
        pytest.param(b"GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n", id="absolute form"),
        pytest.param(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n", id="CONNECT"),
        pytest.param(b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", id="TRACE"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2 preface"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", id="two hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: ../../etc\r\n\r\n", id="a path for host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: " + b"x" * 9000 + b"\r\n\r\n", id="a long header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n", id="200 headers"),
        pytest.param(b"GET / HTTP/1.1\r\n: a\r\n\r\n", id="a header without name"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", id="a header without colon"),
        pytest.param(b"GET /\r\n\r\n", id="HTTP/0.9"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600), id="a TLS greeting"),
        pytest.param(b"\r\n\r\n\r\n\r\n", id="line ends only"),
        pytest.param(b"\0" * 10_000, id="zeros"),
        pytest.param(POST + b"Expect: 100-continue\r\n" + LENGTH + b"\r\n" + BODY, id="Expect"),
        pytest.param(POST + b"Expect: the moon\r\n" + LENGTH + b"\r\n" + BODY, id="a strange Expect"),
        pytest.param(POST + b"Upgrade: h2c\r\nConnection: Upgrade\r\n" + LENGTH + b"\r\n" + BODY, id="h2c"),
    ],
)
def test_case_28_malformed_http_is_refused_without_harm(server: Server, data: bytes) -> None:
    # The sender has finished: what waits for more would else wait for the receive timeout.
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    answers = answer.split(b"HTTP/1.1 ")[1:]
    codes = [int(text[:3]) for text in answers]

    assert set(codes) <= CODES | {100, 499}, answer  # 499: it has left, as far as anybody can see
    assert not {500, 502, 504} & set(codes), answer
    assert codes.count(200) <= 1  # never a second request out of the first one's body
    assert server.post("probe", {}).status_code == 200


def test_case_28_a_body_is_never_read_as_the_next_request(server: Server) -> None:
    smuggled = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    head = POST + CHUNKED + b"Content-Length: %d\r\n\r\n" % (len(smuggled) + 5)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head + b"0\r\n\r\n" + smuggled)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk

    assert b'"live"' not in answer


def test_case_28_a_spoofed_host_changes_nothing(server: Server) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "1.2.3.4"}
    for path in ("/", "/health/ready", "/predict/nobody"):
        reply = server.session.get(server.url + path, headers=headers, timeout=10)

        assert reply.status_code in (200, 405)
        assert "evil.example" not in reply.text + str(reply.headers)


def test_case_28_headers_cannot_be_injected_by_way_of_the_request_id(server: Server) -> None:
    code, _ = exchange(server, b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\rSet-Cookie: b\r\n\r\n")
    reply = server.session.get(server.url, headers={"X-Request-ID": "ä ö" + "x" * 300}, timeout=10)

    assert code in (200, 400)
    assert reply.status_code == 200
    assert reply.headers["X-Request-ID"].isalnum()


# -- a fuzzer --------------------------------------------------------------------------------------

FUZZ_SECONDS = 12.0
SEED = 20261120


class Fuzzer:
    """Random requests, the same for the same seed: mostly almost right, since those get furthest."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def request(self) -> tuple[str, str, bytes, dict[str, str]]:
        """Method, path, body, headers."""
        choice = self.random.choice
        kind, body = self.body()
        headers = {"Content-Type": kind} if self.random.random() < 0.95 else {}
        if self.random.random() < 0.3:
            name = choice(["X-Request-Timeout", "X-Hub-Strict", "X-Request-ID", "Origin", "Authorization"])
            headers[name] = choice(["1", "0.5", "-1", "nan", "1e9", "", "\t", "x" * 200, "ÿ", "1,2", "true"])
        method = choice(["POST"] * 20 + ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
        return method, self.path(), body, headers

    def path(self) -> str:
        known = ["/predict/probe"] * 6 + ["/predict/look"] * 6 + ["/predict/greet"] * 4
        return self.random.choice(
            [*known, "/", "/metrics", "/health/ready", "/predict/nobody", self.word("/")]
        )

    def body(self) -> tuple[str, bytes]:
        form = self.random.random()
        if form < 0.7:
            data = json.dumps(self.arguments(), ensure_ascii=self.random.random() < 0.5).encode()
            return "application/json", self.damaged(data)
        if form < 0.85:
            names = [
                self.random.choice(["images", "mask", "names", "text", "paths", "self", ""]) for _ in "abc"
            ]
            parts = [self.part(name) for name in names]
            return "multipart/form-data; boundary=x", self.damaged(b"".join(parts) + b"--x--\r\n")
        if form < 0.95:
            return self.random.choice(["image/png", "image/x"]), self.damaged(self.picture())
        return self.random.choice(["text/plain", "application/json", "image/", "é"]), self.random.randbytes(
            50
        )

    def part(self, name: str) -> bytes:
        file = b'; filename="f"' if self.random.random() < 0.5 else b""
        content = self.picture() if file else json.dumps(self.value(2)).encode()
        return b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (
            name.encode(), file, content,
        )  # fmt: skip

    def arguments(self) -> Any:
        if self.random.random() < 0.05:
            return self.value(3)
        names = ["images", "mask", "names", "sleep", "text", "label", "action", "self", "paths", "image"]
        chosen = self.random.sample([*names, self.word("")], self.random.randint(0, 4))
        return {name: self.argument(name) for name in chosen}

    def argument(self, name: str) -> Any:
        if name == "sleep":
            return self.random.choice([0, 0.01, "0", None, -1, []])
        if name == "action":
            return self.random.choice(["", "raise", "refuse", "unsendable", 7])
        if name in ("images", "mask", "image") and self.random.random() < 0.8:
            texts = [base64.b64encode(self.picture()).decode() for _ in range(self.random.randint(0, 5))]
            return texts if self.random.random() < 0.8 else "".join(texts)
        return self.value(3)

    def value(self, depth: int) -> Any:
        kind = self.random.randint(0, 8 if depth else 5)
        if kind == 0:
            return self.random.choice([None, True, False, "", 0, [], {}, 2**63, 10**30, -0.0, 1e308])
        if kind <= 2:
            return self.word("")
        if kind <= 5:
            return self.random.choice([self.random.randint(-(2**40), 2**40), self.random.random()])
        if kind == 6:
            return {self.word(""): self.value(depth - 1) for _ in range(self.random.randint(0, 3))}
        return [self.value(depth - 1) for _ in range(self.random.randint(0, 4))]

    def word(self, start: str) -> str:
        letters = string.printable + "äé字\0\x7f😀"
        if start:
            letters = string.ascii_letters + "./%_-~?&;=:@"
        return start + "".join(self.random.choices(letters, k=self.random.randint(0, 20)))

    def picture(self) -> bytes:
        kind = self.random.random()
        if kind < 0.3:
            return pictures.png()
        if kind < 0.4:
            return pictures.bomb(self.random.randint(0, 2**31), self.random.randint(0, 2**31))
        if kind < 0.5:
            return self.random.randbytes(self.random.randint(0, 200))
        return self.damaged(self.random.choice(list(pictures.exotic().values())), 0.7)

    def damaged(self, data: bytes, often: float = 0.15) -> bytes:
        """Now and then some bytes are changed, taken out or doubled."""
        if not data or self.random.random() > often:
            return data
        changed = bytearray(data)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(changed) + 1)
            match self.random.randint(0, 3):
                case 0 if at < len(changed):
                    changed[at] = self.random.randrange(256)
                case 1:
                    del changed[at : at + self.random.randint(1, 20)]
                case 2:
                    changed[at:at] = changed[at : at + 20]
                case _:
                    changed[at:at] = self.random.randbytes(3)
        return bytes(changed)


def test_random_requests_get_an_answer_of_the_table_and_leave_no_trace(server: Server) -> None:
    fuzzer = Fuzzer(SEED)
    runners = {name: server.runner_pids(name) for name in ("probe", "greet", "look")}
    deadline = time.monotonic() + FUZZ_SECONDS
    before: dict[int, int] = {}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    sent = 0
    while time.monotonic() < deadline:
        method, path, body, headers = fuzzer.request()
        encoded = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
        case = f"seed {SEED}, request {sent}: {method} {path} {headers} {body[:300]!r}"
        connection.request(method, path, body, encoded)
        reply = connection.getresponse()
        content = reply.read()
        sent += 1
        assert reply.status in CODES, case
        if path.startswith("/predict/") and method not in ("HEAD", "OPTIONS"):
            assert is_envelope(content), case
            assert reply.headers["X-Request-ID"], case
        if reply.status in (502, 503, 504):
            raise AssertionError(f"{reply.status} {content!r}: {case}")
        if sent == 100:
            before = descriptors(server)
    connection.close()

    assert sent > 200
    assert server.post("probe", {"text": "a"}).json()["results"]["text"] == "a"
    assert {name: server.runner_pids(name) for name in runners} == runners
    assert "a mistake of the server" not in server.log(), server.log()[server.log().index("a mistake") :][
        :3000
    ]
    after = descriptors(server)
    assert all(after[pid] <= count + 3 for pid, count in before.items())


def descriptors(server: Server) -> dict[int, int]:
    return {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid, _ in server.all_processes()}
