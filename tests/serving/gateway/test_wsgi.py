"""Between bytes and the WSGI app."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import BodyTimeoutError
from hub.serving.gateway import wsgi
from hub.serving.gateway.wsgi import Head, Unreceived

pytestmark = pytest.mark.unit

CONNECTION = wsgi.connection_variables(("127.0.0.1", 8866), ("10.0.0.1", 5), is_tls=False)


def head(target: str = "/a", *headers: tuple[bytes, bytes], method: str = "GET") -> Head:
    return Head(method, target, (1, 1), headers, 0, True)


def answers(status: str, headers: list[tuple[str, str]], *chunks: bytes) -> wsgi.WSGI:
    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start(status, headers)
        return list(chunks)

    return app


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a/b?c=d&e", "/a/b", "c=d&e"),
        ("/a%20b", "/a b", ""),
        ("/%E6%96%87", "文", ""),
        ("http://host:1/a?b", "/a", "b"),
        ("http://host", "/", ""),
        ("//a", "//a", ""),
        ("*", "/", ""),
    ],
)
def test_path_and_query_are_taken_from_the_target(target: str, path: str, query: str) -> None:
    made = head(target)
    found = wsgi.environ(made, io.BytesIO(), CONNECTION)

    assert made.path.endswith(path)
    assert found["PATH_INFO"].encode("latin-1").decode() == made.path
    assert found["QUERY_STRING"] == query


def test_headers_become_variables_and_those_that_look_like_others_do_not() -> None:
    found = wsgi.environ(
        head("/a", (b"x-api-key", b"one"), (b"x_api_key", b"two"), (b"accept", b"a"), (b"accept", b"b")),
        io.BytesIO(),
        CONNECTION,
    )

    assert (found["HTTP_X_API_KEY"], found["HTTP_ACCEPT"]) == ("one", "a,b")
    assert (found["REMOTE_ADDR"], found["SERVER_PORT"]) == ("10.0.0.1", "8866")


def test_a_body_that_was_not_received_raises_the_reason() -> None:
    stream = Unreceived(BodyTimeoutError("late"))
    for read in (stream.read, lambda: stream.readinto(bytearray(1))):
        with pytest.raises(BodyTimeoutError, match="late"):
            read()


def test_a_reply_has_its_length_and_says_whether_the_connection_stays() -> None:
    environ = wsgi.environ(head(), io.BytesIO(), CONNECTION)
    stays = wsgi.respond(answers("200 OK", [], b"ab", b"c"), environ, keep_alive=True)
    ends = wsgi.respond(answers("200 OK", [("Content-Length", "3")], b"abc"), environ, keep_alive=False)

    assert stays.body == ends.body == b"abc"
    assert b"Content-Length: 3\r\n" in stays.head
    assert ends.head.count(b"Content-Length") == 1
    assert b"Connection: keep-alive\r\n" in stays.head
    assert b"Connection: close\r\n" in ends.head


@pytest.mark.parametrize("status", ["204 NO CONTENT", "304 NOT MODIFIED"])
def test_a_reply_that_has_no_body_has_no_length(status: str) -> None:
    reply = wsgi.respond(answers(status, []), wsgi.environ(head(), io.BytesIO(), CONNECTION), keep_alive=True)

    assert b"Content-Length" not in reply.head


def test_head_is_answered_with_the_length_and_without_the_body() -> None:
    environ = wsgi.environ(head(method="HEAD"), io.BytesIO(), CONNECTION)
    reply = wsgi.respond(answers("200 OK", [("Content-Length", "3")], b"abc"), environ, keep_alive=True)

    assert (reply.body, b"Content-Length: 3" in reply.head) == (b"", True)


def test_a_mistake_of_the_app_is_a_500_and_ends_the_connection() -> None:
    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        raise ZeroDivisionError

    reply = wsgi.respond(app, wsgi.environ(head(), io.BytesIO(), CONNECTION), keep_alive=True)

    assert reply.head.startswith(b"HTTP/1.1 500")
    assert not reply.keep_alive


def test_an_app_that_runs_out_of_descriptors_is_a_503_and_no_mistake(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def app(variables: Any, start: Any) -> Any:
        raise OSError(24, "Too many open files", "/lib/python/encodings/idna.py")

    reply = wsgi.respond(app, {"REQUEST_METHOD": "GET"}, keep_alive=True)

    assert reply.head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert not reply.keep_alive
    assert "a mistake of the server" not in caplog.text


def test_head_of_a_reply_in_pieces_has_no_pieces() -> None:
    def app(variables: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        variables[wsgi.STREAMED] = True
        start("200 OK", [])
        return []

    reply = wsgi.respond(app, wsgi.environ(head(method="HEAD"), io.BytesIO(), CONNECTION), keep_alive=True)

    assert (reply.pieces, reply.body, b"Transfer-Encoding" in reply.head) == (None, b"", False)
