"""From a request that was received whole to the WSGI app, and from its response to bytes."""

from __future__ import annotations

import errno
import functools
import io
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from hub import envelope
from hub.errors import RequestError

log = logging.getLogger("hub.gateway")

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
#: In the environ: the Caller of the request.
CALLER = "hub.caller"
#: In the environ: the reply goes out piece by piece, as the app makes it.
STREAMED = "hub.streamed"
#: Codes whose reply has no body, and so no length.
_WITHOUT_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class Head:
    """A request's first line and headers.

    Attributes:
        target: as it was sent, with what follows ``?``.
        version: (1, 0) or (1, 1).
        headers: names in lower case, in order.
        length: Content-Length; 0 where there is no body, None where it comes in chunks.
    """

    method: str
    target: str
    version: tuple[int, int]
    headers: Sequence[tuple[bytes, bytes]]
    length: int | None
    keep_alive: bool
    _found: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """Return the first header of that name."""
        if not self._found:
            for key, value in reversed(self.headers):
                self._found[key.decode("latin-1")] = value.decode("latin-1")
        return self._found.get(name.lower(), default)

    @property
    def path(self) -> str:
        """The path without its percent signs, as text."""
        return unquote_to_bytes(self.parts()[0]).decode("utf-8", "replace")

    def parts(self) -> tuple[str, str]:
        """Return path and query of the target, which may be a whole URL."""
        target = self.target
        if not target.startswith("/"):
            _, _, rest = target.partition("://")
            host, slash, path = rest.partition("/")
            target = slash + path if host else ""
        path, _, query = target.partition("#")[0].partition("?")
        return path or "/", query


class Unreceived(io.RawIOBase):
    """The body of a request that was not received; who reads it learns why."""

    def __init__(self, problem: RequestError) -> None:
        super().__init__()
        self._problem = problem

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> NoReturn:
        """Raise the problem."""
        raise self._problem

    def readinto(self, buffer: Any, /) -> NoReturn:
        """Raise the problem."""
        raise self._problem


@dataclass(frozen=True, slots=True)
class Reply:
    """A response as bytes.

    Attributes:
        keep_alive: the connection can be used again.
        pieces: what is sent instead of a body, as it comes; whoever sends it closes it.
        is_chunked: each piece is one of HTTP's chunks.
    """

    head: bytes
    body: bytes
    keep_alive: bool
    pieces: Iterable[bytes] | None = None
    is_chunked: bool = False


@functools.lru_cache(1024)
def _variable(name: bytes) -> str:
    """Return a header's name in the environ; "" for one that could be taken for another."""
    text = name.decode("latin-1")
    if "_" in text:  # X_API_KEY would be X-API-Key
        return ""
    variable = text.upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def environ(head: Head, body: io.BytesIO | Unreceived, connection: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of WSGI; ``connection`` are those that all requests of a connection share."""
    path, query = head.parts()
    variables = {
        **connection,
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": head.target,
        "SERVER_PROTOCOL": f"HTTP/{head.version[0]}.{head.version[1]}",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
    }
    for name, value in head.headers:
        key = _variable(name)
        if key:
            text = value.decode("latin-1")
            variables[key] = f"{variables[key]},{text}" if key in variables else text
    return variables


def connection_variables(server: tuple[str, int], peer: Any, *, is_tls: bool) -> dict[str, Any]:
    """Return the variables of WSGI that all requests of a connection share."""
    return {
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_SOFTWARE": "HubServing",
        "REMOTE_ADDR": peer[0] if isinstance(peer, tuple) else "",
        "REMOTE_PORT": str(peer[1]) if isinstance(peer, tuple) else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if is_tls else "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def respond(app: WSGI, variables: dict[str, Any], *, keep_alive: bool) -> Reply:
    """Call the app and write its response down; a mistake of the app is a 500."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        started[:] = [(status, headers)]

    chunks: Iterable[bytes] = ()
    is_streamed = False
    try:
        chunks = app(variables, start)
        is_streamed = (
            STREAMED in variables
            and variables["REQUEST_METHOD"] != "HEAD"  # whose reply has no chunks either
            and not _has_length(started[0][1])
        )
        body = b"" if is_streamed else b"".join(chunks)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            log.error("no descriptors are left: %s", error)
            return failure(503, "Service Unavailable", "the server has too many connections; try again later")
        log.exception("a mistake of the server")
        return failure(500, "Internal Server Error", "internal error; the server's log has the details")
    finally:
        if not is_streamed:
            close(chunks)
    status, headers = started[0]
    if is_streamed:
        # HTTP/1.0 has no chunks: there the end of the connection is the end of the reply.
        is_chunked = variables["SERVER_PROTOCOL"] != "HTTP/1.0"
        keep_alive = keep_alive and is_chunked
        headers = [*headers, *([("Transfer-Encoding", "chunked")] if is_chunked else [])]
        return Reply(_head(status, headers, keep_alive=keep_alive), b"", keep_alive, chunks, is_chunked)
    if variables["REQUEST_METHOD"] == "HEAD":
        return Reply(_head(status, headers, keep_alive=keep_alive), b"", keep_alive)
    code = int(status[:3])
    if code not in _WITHOUT_BODY and not _has_length(headers):
        headers = [*headers, ("Content-Length", str(len(body)))]
    return Reply(_head(status, headers, keep_alive=keep_alive), body, keep_alive)


def close(chunks: Iterable[bytes]) -> None:
    """Close what an app returned, if it can be closed."""
    closes = getattr(chunks, "close", None)
    if closes is not None:
        closes()


def _has_length(headers: Iterable[tuple[str, str]]) -> bool:
    return any(name.lower() == "content-length" for name, _ in headers)


def failure(code: int, reason: str, message: str) -> Reply:
    """Return the envelope that answers what never became a request; the connection ends with it."""
    body = envelope.failure(message or reason, "101")
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return Reply(_head(f"{code} {reason}", headers, keep_alive=False), body, keep_alive=False)


def _head(status: str, headers: Iterable[tuple[str, str]], *, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Date: {_date(int(time.time()))}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
    ]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@functools.lru_cache(2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
