"""Pages of strangers: a browser on this machine must not do for them what they could not do themselves.

A page of anybody can have a visitor's browser POST here, and a name that suddenly means 127.0.0.1 (DNS
rebinding) lets it read the answers as well. Browsers tell where a request comes from and whom they think
they talk to; programs that are not browsers send no Origin and are not touched.
"""

from __future__ import annotations

from typing import Final, Protocol
from urllib.parse import urlsplit

from hub.address import is_loopback
from hub.errors import ForbiddenError
from hub.serving.config.server_config import ServingConfig

#: Methods that change nothing here.
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
#: Ports that a URL need not name.
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Headers(Protocol):
    def get(self, name: str, default: str, /) -> str: ...


def refuse_strangers(method: str, headers: Headers, config: ServingConfig) -> None:
    """Check ``Origin`` and ``Host``.

    Raises:
        ForbiddenError: a POST from a page of another origin; or, on a server for this machine alone, a
            request of a browser that was led here under another name.
    """
    host = headers.get("Host", "")
    name, port = _split(host)
    if host and is_loopback(config.host) and not is_loopback(name):
        is_direct = port == config.port or (port is None and config.port in _DEFAULT_PORTS.values())
        if is_direct and not _is_allowed(name, port, config):
            raise ForbiddenError(
                f"this server listens on {config.host} only and was called {host[:200]!r}; "
                "add that name to allowed_hosts if it is yours"
            )
    origin = headers.get("Origin", "")
    if not origin or method in _SAFE or origin in config.cors_origins or "*" in config.cors_origins:
        return
    parts = urlsplit(origin) if "://" in origin else None
    if parts is not None and parts.netloc:
        origin_name, origin_port = _split(parts.netloc)
        default = _DEFAULT_PORTS.get(parts.scheme)
        ports = {origin_port or default, port or default}
        if (origin_name == name and len(ports) == 1) or _is_allowed(origin_name, origin_port, config):
            return
    raise ForbiddenError(
        f"a page of {origin[:200]!r} may not send requests to this server; add its host to allowed_hosts, "
        "or the origin to cors_origins for pages that are to read the replies as well"
    )


def _split(host: str) -> tuple[str, int | None]:
    """Return name and port of ``name:port``, the name in lower case and without brackets."""
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or not port.isdecimal():
        name, port = host.strip().lower(), ""
    return name.strip("[]").rstrip("."), int(port) if port else None


def _is_allowed(name: str, port: int | None, config: ServingConfig) -> bool:
    return any(
        name == allowed and wanted in (None, port) for allowed, wanted in map(_split, config.allowed_hosts)
    )
