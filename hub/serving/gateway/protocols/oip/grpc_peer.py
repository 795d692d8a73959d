"""The connection of a gRPC caller, which gRPC itself offers no way to end."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Final
from urllib.parse import unquote

_DESCRIPTORS: Final = Path("/proc/self/fd")
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
#: In front of an IPv4 address on a socket that takes both kinds.
_MAPPED: Final = "::ffff:"


def cut_off(peer: str) -> None:
    """End the connection of a caller; ``peer`` is gRPC's word for it, as ``ipv4:10.0.0.1:50000``."""
    host, _, port = unquote(peer.partition(":")[2]).rpartition(":")
    address = (host.strip("[]").removeprefix(_MAPPED), int(port))
    for path in _DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile, or no connection
            if str(path.readlink()).startswith("socket:"):
                _shut_down(int(path.name), address)


def _shut_down(descriptor: int, address: tuple[str, int]) -> None:
    """Shut a connection down if it is that of the address; raises OSError."""
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        if connection.family in _FAMILIES:
            host, port = connection.getpeername()[:2]
            if (host.removeprefix(_MAPPED), port) == address:
                connection.shutdown(socket.SHUT_RDWR)
