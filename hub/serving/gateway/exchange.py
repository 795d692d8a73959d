"""A request over HTTP and its response, as values, which the protocols work on."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request as WerkzeugRequest

JSON: Final = "application/json"


class Request:
    """A request, by its variables of WSGI.

    Attributes:
        path: as text, with one slash in front however many came.
    """

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.method: str = variables["REQUEST_METHOD"]
        path = variables["PATH_INFO"]
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "replace")
        self.path: str = "/" + path.lstrip("/")

    def get(self, name: str, default: str = "") -> str:
        """Return a header."""
        found: str = self.variables.get(_variable(name), default)
        return found

    def header(self, name: str) -> str | None:
        """Return a header; None where it was not sent."""
        return self.variables.get(_variable(name))

    @property
    def address(self) -> str | None:
        """The caller's."""
        return self.variables.get("REMOTE_ADDR")

    @property
    def content_type(self) -> str:
        found: str = self.variables.get("CONTENT_TYPE", "")
        return found

    @cached_property
    def parsed(self) -> WerkzeugRequest:
        """The request as Werkzeug reads it, for its query and the like: few requests need that."""
        return WerkzeugRequest(self.variables)


@functools.lru_cache(100)
def _variable(header: str) -> str:
    return "HTTP_" + header.upper().replace("-", "_")


@dataclass(slots=True)
class Response:
    """A response.

    Attributes:
        body: the whole of it, or what makes it piece by piece.
        content_type: with its charset, where it has one.
        headers: others, in order.
    """

    body: bytes | Iterable[bytes]
    code: int = 200
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """Code and phrase."""
        return _status(self.code)

    def all_headers(self) -> list[tuple[str, str]]:
        """Return the headers, those of the body in front."""
        found = [("Content-Type", self.content_type)]
        if isinstance(self.body, bytes):
            found.append(("Content-Length", str(len(self.body))))
        return found + self.headers


@functools.lru_cache(100)
def _status(code: int) -> str:
    return f"{code} {HTTP_STATUS_CODES.get(code, 'unknown').upper()}"
