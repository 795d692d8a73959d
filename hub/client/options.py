"""A client's settings: the server's address, its key, whom to trust, how long to wait."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import httpx2

from hub import settings
from hub.address import is_loopback
from hub.errors import ConfigError
from hub.version import __version__

#: True: by the system's authorities. False: not at all. A path: by the certificates in that PEM file.
Verify = bool | str | Path | ssl.SSLContext

#: A host that does not answer at all is given up after this long.
CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Options:
    """How calls are made; ``with_options`` changes it for some.

    Attributes:
        timeout: seconds for a call as a whole: connecting, waiting, all attempts. The server is told.
        strict: an image that cannot be read is an error; else it is a remark in the log and its result empty.
        resend: whether a call may be sent again when the connection ended and nobody knows whether it was
            run. None asks the server whether the module allows it (``@serving(idempotent=…)``).
    """

    timeout: float = 60.0
    strict: bool = True
    resend: bool | None = None

    def __post_init__(self) -> None:
        if not 0 < self.timeout < float("inf"):
            raise ConfigError(f"timeout must be a number of seconds above 0, not {self.timeout!r}")


@dataclass
class Server:
    """The server as a client knows it.

    Attributes:
        url: with scheme, without a slash at the end.
        has_answered: whether it ever did. One that did is waited for when it is away; one that never did
            is more likely a wrong address.
    """

    url: str
    has_answered: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def shown(self) -> str:
        """The address without a password, for messages."""
        return _without_password(self.url)

    @property
    def proxy(self) -> str:
        """The proxy of the environment through which it is called, without a password; empty for none."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if is_loopback(host) or urllib.request.proxy_bypass(host):
            return ""
        found = urllib.request.getproxies()
        return _without_password(found.get(parts.scheme) or found.get("all") or "")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def server(url: str, api_key: str | None) -> Server:
    """Check the address; ``HUB_API_KEY`` is the key where none is given.

    One without a scheme is meant for http.

    Raises:
        ConfigError: the address is not one, or the key cannot be a header.
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number
        is_address = False
    if not is_address or parts.query or parts.fragment:
        raise ConfigError(f"{url!r} is not a server's address, like http://127.0.0.1:8866")
    key = api_key or settings.from_environment("api_key")
    headers = {"User-Agent": f"hubserving/{__version__}"}
    if key:
        if not (key.isascii() and key.isprintable()):
            raise ConfigError("the API key has characters that no key has; is it a line of the key file?")
        headers["Authorization"] = f"Bearer {key}"
    return Server(parts.geturl().rstrip("/"), headers=MappingProxyType(headers))


def transport_options(server: Server, verify: Verify) -> dict[str, Any]:
    """Return the keyword arguments of httpx2's clients.

    Raises:
        ConfigError: the file of certificates cannot be used.
    """
    parts = urlsplit(server.url)
    return {
        "headers": dict(server.headers),
        "verify": _verification(verify) if parts.scheme == "https" else False,  # a context takes 100 ms
        # A proxy of the environment is never meant for this machine.
        "trust_env": not is_loopback(parts.hostname or ""),
        # How many connections there are is for the callers to say.
        "limits": httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=20.0),
    }


def _verification(verify: Verify) -> bool | ssl.SSLContext:
    if isinstance(verify, (bool, ssl.SSLContext)):
        return verify
    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"verify={str(verify)!r} is not a file of certificates (PEM): {error}") from error
