"""The messages that systemd expects from a service of ``Type=notify``; the protocol is sd_notify(3)."""

from __future__ import annotations

import contextlib
import socket

from hub import settings


def tell(message: str) -> None:
    """Send a state like ``READY=1``; nothing happens where systemd does not listen."""
    path = settings.notify_socket()
    if path is None:
        return
    address = "\0" + path[1:] if path.startswith("@") else path  # @ stands for the abstract namespace
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(message.encode(), address)
