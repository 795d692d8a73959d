"""The processes that module code starts, and that outlive who they work for. Standard library only.

A runner leads a session of its own, so what it starts is found by that; what begins another session is found
by a variable of its environment, which names the run dir and which processes inherit.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hub import container
from hub.serving.process import procfs

#: The variable that names the run dir. Not a setting, hence not ``HUB_…``.
VARIABLE: Final = "HUBSERVING_RUN_DIR"
#: A process may start another one while it is being killed, but not for ever.
_ROUNDS: Final = 5


def end_session(leader: int) -> None:
    """Kill the processes of a session, but not this one; raises nothing."""
    _end(lambda: _where(lambda entry: _session(entry) == leader))


def end_owned(run_dir: Path | str) -> None:
    """Kill the processes of the server with this run dir, but not this one; raises nothing."""
    _end(lambda: owned(run_dir))


def owned(run_dir: Path | str) -> list[tuple[int, int]]:
    """Return (PID, start time) of the processes whose environment names the run dir, without this one."""
    variable = f"{VARIABLE}={run_dir}".encode()
    return _where(lambda entry: variable in _environment(entry))


def _end(find: Callable[[], list[tuple[int, int]]]) -> None:
    for _ in range(_ROUNDS):
        found = find()
        if not found:
            return
        for pid, started in found:
            procfs.send_signal(pid, started, signal.SIGKILL)


def _where(is_meant: Callable[[Path], bool]) -> list[tuple[int, int]]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid != os.getpid() and is_meant(entry) and (started := procfs.started(pid)) is not None:
            found.append((pid, started))
    return found


def _session(entry: Path) -> int:
    fields = container.read(entry / "stat").rpartition(")")[2].split()
    return int(fields[3]) if fields else 0


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # it is gone, or another user's
        return []
