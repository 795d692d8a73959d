"""Addresses of this machine and of servers, as URLs have them. Standard library only."""

from __future__ import annotations

import functools
import ipaddress
from typing import Final

#: Where to reach a server that listens on every address.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def bare(host: str) -> str:
    """Return a host without the brackets that an IPv6 address has in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def in_url(host: str) -> str:
    """Return a host as a URL has it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def url(scheme: str, host: str, port: int) -> str:
    """Return ``scheme://host:port``."""
    return f"{scheme}://{in_url(host)}:{port}"


def reachable(host: str) -> str:
    """Return where this machine reaches a server that listens on ``host``."""
    return _EVERYWHERE.get(host, host)


@functools.lru_cache(256)  # asked for every request
def is_loopback(name: str) -> bool:
    """Tell whether a host's name or address means the machine itself."""
    name = bare(name).lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
