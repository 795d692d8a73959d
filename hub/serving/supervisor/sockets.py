"""The sockets that the supervisor owns and its children serve: TCP ports, one Unix socket for each module."""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path

from hub.address import in_url
from hub.errors import PortBusyError
from hub.serving.process import pidfile
from hub.serving.supervisor.socket_name import SocketName

#: Connections that the kernel keeps while Gunicorn is busy or being replaced.
BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen.

    Raises:
        PortBusyError: the port is taken, or the address is not ours.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise PortBusyError(f"cannot listen on host {host!r}: {error}") from error
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            who = pidfile.holder(port)
            raise PortBusyError(f"Port {port} is occupied, please change it. {who}".rstrip()) from error
        raise PortBusyError(f"cannot listen on {in_url(host)}:{port}: {error.strerror}") from error
    return listener


def reserve(host: str, port: int) -> socket.socket:
    """Bind a port for a child that must open it by itself (gRPC cannot take over a socket).

    The socket never listens, so no connection ends here; while it is open, nobody else gets the port.

    Raises:
        PortBusyError: the port is taken, or the address is not ours.
    """
    listen(host, port).close()  # a bind that shares the port would not notice another server
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    holder = socket.socket(family, kind)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(address)
    except OSError as error:
        holder.close()
        raise PortBusyError(f"cannot reserve {in_url(host)}:{port}: {error.strerror}") from error
    return holder


def keep_from_ipv6(port: int) -> socket.socket:
    """Hold a port's IPv6 side, so that gRPC, told to listen on 0.0.0.0, does so on IPv4 alone, as HTTP does.

    gRPC takes every wildcard for both, unless it cannot have IPv6. The socket never listens.
    """
    holder = socket.socket(socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.suppress(OSError):  # a machine without IPv6
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        holder.bind(("::", port))
    return holder


class ModuleSocket:
    """The socket that all runners of a module share; its backlog is the module's queue."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listener: socket.socket | None = None
        self._name: SocketName | None = None

    @property
    def is_open(self) -> bool:
        return self._listener is not None

    def fileno(self) -> int:
        """Return the descriptor that runners inherit."""
        assert self._listener is not None
        return self._listener.fileno()

    def open(self, max_queue_size: int) -> None:
        """Bind and listen, unless it does: so many requests may wait."""
        if self._listener is not None:
            return
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self.path))
            self._name = SocketName(self.path)
            listener.setblocking(False)  # once, here: the flag is shared by all who inherit the socket
            listener.listen(max(0, max_queue_size - 1))  # listen(n) admits n + 1
        except OSError:
            listener.close()
            raise
        self._listener = listener

    def renew(self) -> None:
        """Have its path lead to it, also after somebody removed that; raises OSError."""
        if self._name is not None:
            self._name.renew()

    def close(self) -> None:
        """Have a connect fail at once instead of waiting for nobody."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                # Also for a grandchild that a module forked and that still holds the descriptor.
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        if self._name is not None:
            self._name.remove()
            self._name = None
