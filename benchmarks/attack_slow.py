"""Connections that are slow: they cost their attacker next to nothing, so there are many of them."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

#: Before one that was cut comes again, about.
PAUSE_SECONDS = 1.0
TICK_SECONDS = 0.25
#: In a tick: each is waited for.
HANDSHAKES = 10


@dataclass(frozen=True)
class Slow:
    """``count`` connections that send ``data`` and then ``drip`` every ``every`` seconds, and read nothing.

    ``buffer`` is the size of their receive buffer, 0 for the usual one. ``tls``: with a handshake first.
    """

    count: int
    data: bytes
    drip: bytes = b""
    every: float = 1.0
    buffer: int = 0
    tls: bool = False


@dataclass
class _Peer:
    kind: Slow
    sock: socket.socket | None = None
    to_send: bytes = b""
    next_drip: float = 0.0
    not_before: float = 0.0


@dataclass
class SlowPeers:
    """Keeps many slow connections up, by one thread."""

    port: int
    kinds: list[Slow]
    cut: int = 0
    _peers: list[_Peer] = field(default_factory=list)

    def run(self, seconds: float) -> dict[str, Any]:
        self._peers = [_Peer(kind) for kind in self.kinds for _ in range(kind.count)]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._tick()
            time.sleep(TICK_SECONDS)
        for peer in self._peers:
            if peer.sock is not None:
                peer.sock.close()
        return {"connections": len(self._peers), "cut": self.cut}

    def _tick(self) -> None:
        now = time.monotonic()
        poll = select.poll()
        by_descriptor = {peer.sock.fileno(): peer for peer in self._peers if peer.sock is not None}
        for descriptor, peer in by_descriptor.items():
            # One that still sends hears of the end when it sends: the server may have closed its side only.
            poll.register(descriptor, 0 if peer.kind.drip else select.POLLRDHUP)
        for descriptor, _ in poll.poll(0):
            self._lose(by_descriptor[descriptor], now)
        handshakes = HANDSHAKES
        for peer in self._peers:
            if peer.sock is None and now >= peer.not_before:
                if peer.kind.tls and (handshakes := handshakes - 1) < 0:
                    continue
                self._open(peer, now)
            elif peer.sock is not None:
                self._send(peer, now)

    def _open(self, peer: _Peer, now: float) -> None:
        kind = peer.kind
        sock = socket.socket()
        if kind.buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kind.buffer)
        try:
            if kind.tls:
                sock = _shake_hands(sock, self.port)
            else:
                sock.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    sock.connect(("127.0.0.1", self.port))
        except OSError:
            sock.close()
            self._lose(peer, now)
            return
        peer.sock, peer.to_send, peer.next_drip = sock, kind.data, now + kind.every
        self._send(peer, now)

    def _send(self, peer: _Peer, now: float) -> None:
        if peer.kind.drip and not peer.to_send and now >= peer.next_drip:
            peer.to_send, peer.next_drip = peer.kind.drip, now + peer.kind.every
        if not peer.to_send or peer.sock is None:
            return
        try:
            peer.to_send = peer.to_send[peer.sock.send(peer.to_send) :]
        except (BlockingIOError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self._lose(peer, now)

    def _lose(self, peer: _Peer, now: float) -> None:
        if peer.sock is not None:
            peer.sock.close()
        peer.sock, peer.not_before = None, now + PAUSE_SECONDS * random.uniform(0.5, 1.5)
        self.cut += 1


def _shake_hands(sock: socket.socket, port: int) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sock.settimeout(2)
    sock.connect(("127.0.0.1", port))
    wrapped = context.wrap_socket(sock)
    wrapped.setblocking(False)
    return wrapped
