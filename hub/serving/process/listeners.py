"""Who listens on a TCP port of this machine, as far as the kernel lets us see it."""

from __future__ import annotations

import contextlib
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub import container

#: The state LISTEN in /proc/net/tcp.
_LISTEN: Final = "0A"
#: Of a command line so much is shown.
_SHOWN: Final = 80


@dataclass(frozen=True)
class Listener:
    """A process that listens.

    Attributes:
        uid: its user.
        pid: None for another user's, which only root sees.
        command: the start of its command line.
    """

    uid: int
    pid: int | None = None
    command: str = ""

    def __str__(self) -> str:
        if self.pid is None:
            return f"a process of user {user_name(self.uid)}"
        return f"process {self.pid} ({self.command}) of user {user_name(self.uid)}"


def on_port(port: int) -> Listener | None:
    """Return who listens on a port; None where nobody does, or the kernel does not tell."""
    sockets = dict(_sockets(port))
    if not sockets:
        return None
    for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda entry: int(entry.name)):
        for held in _held_sockets(entry):
            if held in sockets:
                return Listener(sockets[held], int(entry.name), _command(entry))
    return Listener(next(iter(sockets.values())))


def user_name(uid: int) -> str:
    """Return a user's name, or the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _sockets(port: int) -> list[tuple[str, int]]:
    """Return the sockets that listen on a port, as /proc/PID/fd names them, and their users."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in container.read(Path(table)).splitlines()[1:]:
            _, local, _, state, _, _, _, uid, _, inode, *_ = line.split()
            if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                found.append((f"socket:[{inode}]", int(uid)))
    return found


def _held_sockets(process: Path) -> list[str]:
    held = []
    with contextlib.suppress(OSError):  # it has ended, or is another user's
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                held.append(str(descriptor.readlink()))
    return held


def _command(process: Path) -> str:
    words = container.read(process / "cmdline").replace("\0", " ").strip()
    return words[:_SHOWN] or container.read(process / "comm")
