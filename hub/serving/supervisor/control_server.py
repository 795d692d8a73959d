"""The supervisor's end of the control socket, which never waits.

A request becomes a function that is called on each tick until it has an answer.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.errors import HubError
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.messages.message import MessageError
from hub.serving.supervisor.guard import Guard
from hub.serving.supervisor.socket_name import SocketName

log = logging.getLogger("hub.supervisor")

#: A request is one short line.
_MAX_REQUEST = 65536

#: Called on each tick; None means: not yet.
Pending = Callable[[], ControlAnswer | None]


@dataclass
class _Caller:
    connection: socket.socket
    received: bytes = b""
    pending: Pending | None = None


class ControlSocket:
    """The supervisor's end."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._name = SocketName(path)
        self._listener.setblocking(False)
        self._listener.listen(16)
        self._callers: list[_Caller] = []
        self._accepting = Guard("the control socket")

    def descriptors(self) -> list[int]:
        """Return what to poll for reading."""
        waiting = [caller.connection.fileno() for caller in self._callers if caller.pending is None]
        if self._accepting.is_pausing(time.monotonic()):
            return waiting  # a caller that cannot be accepted now would wake the poller at once, for ever
        return [self._listener.fileno(), *waiting]

    def tick(self, do: Callable[[ControlRequest], Pending]) -> None:
        """Take new requests and give the answers that are there by now."""
        self._name.renew()
        self._accepting.run(self._accept)
        for caller in list(self._callers):
            try:
                is_done = self._attend(caller, do)
            except OSError:
                is_done = True
            if is_done:
                caller.connection.close()
                self._callers.remove(caller)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(False)
                self._callers.append(_Caller(connection))

    def _attend(self, caller: _Caller, do: Callable[[ControlRequest], Pending]) -> bool:
        """Tell whether the caller needs no more attention."""
        if caller.pending is None:
            try:
                data = caller.connection.recv(_MAX_REQUEST)
            except BlockingIOError:
                return False
            caller.received += data
            if not caller.received:  # it left without a word
                return True
            if data and b"\n" not in caller.received and len(caller.received) <= _MAX_REQUEST:
                return False
        try:
            if caller.pending is None:
                caller.pending = do(ControlRequest.parse(_line(caller.received)))
            answer = caller.pending()
        except (HubError, MessageError, OSError) as error:
            answer = ControlAnswer(ok=False, message=str(error))
        except Exception as error:  # a mistake in a config or in us must not end the server
            log.exception("a control command failed")
            answer = ControlAnswer(ok=False, message=str(error) or type(error).__name__)
        if answer is None:
            return False
        caller.connection.setblocking(True)
        caller.connection.settimeout(1.0)
        caller.connection.sendall(json.dumps(answer.to_json()).encode() + b"\n")
        return True

    def close(self) -> None:
        self._name.remove()
        self._listener.close()
        for caller in self._callers:
            caller.connection.close()


def _line(received: bytes) -> bytes:
    """Return the request; raises MessageError where it is too long or ends before its line does."""
    if len(received) > _MAX_REQUEST:
        raise MessageError(f"a request has at most {_MAX_REQUEST} bytes")
    line, newline, _ = received.partition(b"\n")
    if not newline:
        raise MessageError("the request ends before its line does")
    return line
