"""Requests byte by byte as the usual HTTP clients write them, over sockets."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import pictures
from tests.serving.running import Server

PNG = pictures.png(7, 5)
TEXT = base64.b64encode(PNG).decode()
JSON = json.dumps({"images": [TEXT]}).encode()
SEEN = {"shape": [5, 7, 3], "type": "uint8", "corner": [50, 100, 200]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """look, which says what pictures it gets, and desk, a pipeline with the endpoint copy."""
    home: Path = tmp_path_factory.mktemp("home")
    with Server(home, {"look": {}, "desk": {}}, max_body_mb=1) as running:
        yield running


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def multipart(boundary: str, *parts: tuple[str, bytes], end: str = "\r\n") -> bytes:
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return body + f"--{boundary}--{end}".encode()


def request(head: str, body: bytes, path: str = "/predict/look") -> tuple[bytes, bytes]:
    """Head and body; ``LENGTH`` stands for the body's, lines of the head are those of the text."""
    lines = head.strip().replace("LENGTH", str(len(body))).splitlines()
    return f"POST {path} HTTP/1.1\r\n".encode() + "\r\n".join(
        map(str.strip, lines)
    ).encode() + b"\r\n\r\n", body


JAVA = "-----7d8f2a"
CSHARP = "0f2ec1b4-8d5f-4f0e-9d43-6bd3c0fd6c55"
UNDICI = "----formdata-undici-054836239284"
AXIOS = "--------------------------736455432190045712233445"
GO = "c1a5f0e3a86b1a7b1d5c5df5b8bfa1e2f1c9e8d7"
CURL = "------------------------d74496d66958873e"
REQUESTS = "b3f1a7c9e2d84c0f9a6b5e4d3c2b1a00"

SENT = [
    pytest.param(
        *request(
            """Host: 127.0.0.1:8866
            User-Agent: python-requests/2.32.5
            Accept-Encoding: gzip, deflate
            Accept: */*
            Connection: keep-alive
            Content-Length: LENGTH
            Content-Type: application/json""",
            JSON,
        ),
        id="requests, json=",
    ),
    pytest.param(
        *request(
            """Host: 127.0.0.1:8866
            User-Agent: python-requests/2.32.5
            Accept-Encoding: gzip, deflate
            Accept: */*
            Connection: keep-alive
            Content-Length: LENGTH""",
            JSON,
        ),
        id="requests, data=json.dumps(…): no type",
    ),
    pytest.param(
        *request(
            f"""Host: 127.0.0.1:8866
            User-Agent: python-requests/2.32.5
            Accept-Encoding: gzip, deflate
            Accept: */*
            Connection: keep-alive
            Content-Length: LENGTH
            Content-Type: multipart/form-data; boundary={REQUESTS}""",
            multipart(REQUESTS, ('Content-Disposition: form-data; name="image"; filename="image"', PNG)),
        ),
        id="requests, files={'image': bytes}",
    ),
    pytest.param(
        *request(
            """Host: 127.0.0.1:8866
            User-Agent: python-requests/2.32.5
            Content-Encoding: gzip
            Content-Type: application/json
            Transfer-Encoding: chunked""",
            chunks(gzip.compress(JSON, mtime=0)),
        ),
        id="requests, gzip of a generator",
    ),
    pytest.param(
        *request(
            f"""Host: 127.0.0.1:8866
            User-Agent: curl/8.5.0
            Accept: */*
            Content-Length: LENGTH
            Content-Type: multipart/form-data; boundary={CURL}
            Expect: 100-continue""",
            multipart(
                CURL,
                (
                    'Content-Disposition: form-data; name="images"; filename="a.png"\r\n'
                    "Content-Type: image/png",
                    PNG,
                ),
            ),
        ),
        id="curl -F images=@a.png",
    ),
    pytest.param(
        *request(
            """Host: 127.0.0.1:8866
            User-Agent: curl/8.5.0
            Accept: */*
            Content-Type: image/png
            Transfer-Encoding: chunked
            Expect: 100-continue""",
            chunks(PNG[:40], PNG[40:]),
        ),
        id="curl -T - with a type",
    ),
    pytest.param(
        *request(
            f"""Host: 127.0.0.1:8866
            User-Agent: curl/8.5.0
            Accept: */*
            Content-Length: LENGTH
            Content-Type: multipart/form-data; boundary={CURL}""",
            multipart(CURL, ('Content-Disposition: form-data; name="images"', TEXT.encode())),
        ),
        id="curl -F images=<a.b64",
    ),
    pytest.param(
        *request(
            """Connection: Upgrade, HTTP2-Settings
            Content-Length: LENGTH
            Host: 127.0.0.1:8866
            HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA
            Upgrade: h2c
            User-Agent: Java-http-client/21.0.5
            Content-Type: application/json""",
            JSON,
        ),
        id="Java HttpClient, which asks for HTTP/2",
    ),
    pytest.param(
        *request(
            f"""Connection: Upgrade, HTTP2-Settings
            Host: 127.0.0.1:8866
            HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA
            Transfer-encoding: chunked
            Upgrade: h2c
            User-Agent: Java-http-client/21.0.5
            Content-Type: multipart/form-data;boundary="{JAVA}\"""",
            chunks(
                multipart(
                    JAVA,
                    (
                        'Content-Disposition: form-data; name="images"\r\n'
                        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary",
                        PNG,
                    ),
                )
            ),
        ),
        id="Java HttpClient, a form written by hand",
    ),
    pytest.param(
        *request(
            """Host: 127.0.0.1:8866
            Transfer-Encoding: chunked
            Content-Type: application/json; charset=utf-8""",
            chunks(JSON),
        ),
        id="C# PostAsJsonAsync",
    ),
    pytest.param(
        *request(
            """Host: 127.0.0.1:8866
            Content-Type: application/json; charset=utf-16
            Content-Length: LENGTH""",
            JSON.decode().encode("utf-16"),
        ),
        id="C# StringContent in Encoding.Unicode",
    ),
    pytest.param(
        *request(
            f"""Host: 127.0.0.1:8866
            Content-Type: multipart/form-data; boundary="{CSHARP}"
            Content-Length: LENGTH""",
            multipart(
                CSHARP,
                (
                    "Content-Type: image/png\r\n"
                    "Content-Disposition: form-data; name=images; filename=a.png; filename*=utf-8''a.png",
                    PNG,
                ),
                (
                    "Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=label",
                    b"x",
                ),
            ),
        ),
        id="C# MultipartFormDataContent",
    ),
    pytest.param(
        *request(
            f"""Host: 127.0.0.1:8866
            Content-Type: multipart/form-data; boundary="{CSHARP}"
            Content-Length: LENGTH""",
            multipart(CSHARP, ("Content-Disposition: form-data", PNG)),
        ),
        id="C# MultipartFormDataContent.Add(content)",
    ),
    pytest.param(
        *request(
            """host: 127.0.0.1:8866
            connection: keep-alive
            content-type: application/json
            accept: */*
            accept-language: *
            sec-fetch-mode: cors
            user-agent: node
            accept-encoding: gzip, deflate
            content-length: LENGTH""",
            JSON,
        ),
        id="Node fetch",
    ),
    pytest.param(
        *request(
            f"""host: 127.0.0.1:8866
            connection: keep-alive
            content-type: multipart/form-data; boundary={UNDICI}
            accept: */*
            accept-language: *
            sec-fetch-mode: cors
            user-agent: node
            accept-encoding: gzip, deflate
            content-length: LENGTH""",
            multipart(
                UNDICI,
                (
                    'Content-Disposition: form-data; name="images[]"; filename="blob"\r\n'
                    "Content-Type: application/octet-stream",
                    PNG,
                ),
            ),
        ),
        id="Node fetch, FormData with a Blob",
    ),
    pytest.param(
        *request(
            f"""Accept: application/json, text/plain, */*
            Content-Type: multipart/form-data; boundary={AXIOS}
            User-Agent: axios/1.7.9
            Accept-Encoding: gzip, compress, deflate, br
            Host: 127.0.0.1:8866
            Connection: keep-alive
            Transfer-Encoding: chunked""",
            chunks(
                multipart(
                    AXIOS,
                    (
                        'Content-Disposition: form-data; name="file"; filename="a.png"\r\n'
                        "Content-Type: image/png",
                        PNG,
                    ),
                )
            ),
        ),
        id="axios with form-data",
    ),
    pytest.param(
        *request(
            """Host: 127.0.0.1:8866
            User-Agent: Go-http-client/1.1
            Content-Length: LENGTH
            Content-Type: application/json
            Accept-Encoding: gzip""",
            JSON + b"\n",
        ),
        id="Go json.Encoder",
    ),
    pytest.param(
        *request(
            f"""Host: 127.0.0.1:8866
            User-Agent: Go-http-client/1.1
            Transfer-Encoding: chunked
            Content-Type: multipart/form-data; boundary={GO}
            Accept-Encoding: gzip""",
            chunks(
                multipart(
                    GO,
                    (
                        'Content-Disposition: form-data; name="images"; filename="a.png"\r\n'
                        "Content-Type: application/octet-stream",
                        PNG,
                    ),
                )
            ),
        ),
        id="Go multipart.Writer through a pipe",
    ),
]


def answer(server: Server, head: bytes, body: bytes) -> tuple[int, Any]:
    """Send as a client does: the body after ``100 Continue`` where it asks for that."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head)
        if b"100-continue" in head:
            assert connection.recv(25, socket.MSG_WAITALL) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        reply = http.client.HTTPResponse(connection)
        reply.begin()
        return reply.status, json.loads(reply.read())


@pytest.mark.parametrize(("head", "body"), SENT)
def test_the_picture_arrives_as_each_client_sends_it(server: Server, head: bytes, body: bytes) -> None:
    code, reply = answer(server, head, body)

    assert (code, reply["msg"]) == (200, "")
    assert reply["results"]["seen"] == [SEEN]


def test_a_pipelines_endpoint_reads_what_clients_send_as_json(server: Server) -> None:
    content = json.dumps({"file": TEXT}).encode()
    for more, body in (
        ("Content-Length: LENGTH", content),
        ("Content-Type: application/json; charset=utf-8\nTransfer-Encoding: chunked", chunks(content)),
        (
            "content-type: application/json\ncontent-encoding: gzip\ncontent-length: LENGTH",
            gzip.compress(content),
        ),
        (
            "Content-Type: application/json\nExpect: 100-continue\nContent-Length: LENGTH",
            b"\xef\xbb\xbf" + content,
        ),
    ):
        code, reply = answer(server, *request(f"Host: x\n{more}", body, "/copy"))

        assert (code, reply["result"]["body"]) == (200, {"file": f"{len(PNG)} bytes"})


def test_what_curl_d_sends_by_itself_is_told_the_header(server: Server) -> None:
    kind = "application/x-www-form-urlencoded"
    head = f"Host: x\nUser-Agent: curl/8.5.0\nContent-Length: LENGTH\nContent-Type: {kind}"
    code, reply = answer(server, *request(head, JSON))

    assert (code, "curl -d" in reply["msg"]) == (415, True)
