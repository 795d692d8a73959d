"""``$HUB_HOME/conf/serving_<port>.json``: which server has a port, and whose processes they are.

PaddleHub's three keys (pid, module, start_time), plus what identifies the supervisor beyond doubt (boot id,
start time) and where its run dir is. ``stop`` never signals a process that does not match.

It outlives servers, so it is read from every released version: fields may be added, with a default, and none
is renamed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from hub import atomic_file, settings
from hub.errors import NotRunningError, ServerError, StartupError
from hub.serving.messages import state
from hub.serving.messages.message import Message
from hub.serving.messages.run_dir import RunDir
from hub.serving.process import leftovers, listeners, private_tmp, procfs

#: How long processes that were sent SIGKILL get to disappear.
KILL_SECONDS = 5.0


@dataclass(frozen=True)
class PidFile(Message):
    """The content of the file. ``started`` and ``boot_id`` are those of the supervisor."""

    pid: int
    module: tuple[str, ...]
    start_time: float
    started: int
    boot_id: str
    host: str
    port: int
    run_dir: str
    graceful_timeout: float = 60.0

    def is_running(self) -> bool:
        return self.boot_id == procfs.boot_id() and procfs.started(self.pid) == self.started

    def server_state(self) -> state.ServerState | None:
        """Return what the supervisor published last; None if that cannot be read."""
        try:
            return state.read(RunDir(Path(self.run_dir)).state)
        except (OSError, ValueError):
            return None

    @property
    def control_path(self) -> Path:
        return RunDir(Path(self.run_dir)).control

    def children(self) -> list[tuple[int, int]]:
        """Return (pid, start time) of gateway and runners, and of what those started.

        state.json does not know HTTP workers, which would hold the port a second longer than their master
        lives, and that of another version is not read; the name of the run dir, which is made for one server,
        tells them. Their command lines have it, or their environment.
        """
        if self.boot_id != procfs.boot_id():
            return []
        server = self.server_state() or state.ServerState()
        runners = [runner for module in server.modules.values() for runner in module.runners]
        told = {(each.pid, each.started) for each in (*server.processes, *runners) if not each.node}
        named = procfs.with_arguments("hub.serving.", self.run_dir) + leftovers.owned(self.run_dir)
        return sorted(told | {*named})


def path_for(port: int) -> Path:
    return settings.hub_home() / "conf" / f"serving_{port}.json"


def log_path(port: int) -> Path:
    """Return where a server started with --daemon writes."""
    return settings.hub_home() / "log" / f"serving_{port}.log"


def running(port: int) -> PidFile:
    """Return the record of the server on a port; raises NotRunningError when there is none of ours."""
    record = _ours(port)
    if not record.is_running():
        raise NotRunningError(f"the server on port {port} (pid {record.pid}) is not running any more")
    return record


def write(record: PidFile) -> None:
    """Write the record; raises StartupError when the home cannot be written."""
    path = path_for(record.port)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.write(path, json.dumps(record.to_json()), mode=0o600)
    except OSError as error:
        raise not_writable(path, error) from error


def not_writable(path: Path, error: OSError) -> StartupError:
    why = error.strerror or str(error)
    return StartupError(f"cannot write {path}: {why}; set HUB_HOME to a folder that can be written")


def read(port: int) -> PidFile:
    """Return the record of a port; raises NotRunningError, which names the ports that have a server."""
    path = path_for(port)
    try:
        return _read(path)
    except FileNotFoundError:
        raise NotRunningError(_nobody(port)) from None
    except PermissionError as error:
        raise _foreign(port, path.stat().st_uid) from error
    except (OSError, ValueError) as error:
        raise NotRunningError(
            f"{path} is not a PID file of HubServing: {error}; remove it by hand"
        ) from error


def _nobody(port: int) -> str:
    """Return that no server of this home has the port, which ones it has, and who listens there instead."""
    ports = ", ".join(str(record.port) for record in records() if record.is_running())
    others = f"Running: {ports}." if ports else f"None is running for {settings.hub_home()}."
    listener = listeners.on_port(port)
    who = f" On that port listens {listener}." if listener is not None else ""
    return f"No server is running on port {port}. {others}{who}"


def _foreign(port: int, uid: int) -> NotRunningError:
    return NotRunningError(
        f"the server on port {port} is not yours: it belongs to user {listeners.user_name(uid)}, "
        "who can stop it, as root can"
    )


def _ours(port: int) -> PidFile:
    """Return the record of a port, unless the server is one that this user may not signal."""
    record = read(port)
    uid = procfs.owner(record.pid)
    if uid is not None and record.is_running() and os.geteuid() not in (0, uid):
        raise _foreign(port, uid)
    return record


def holder(port: int) -> str:
    """Return sentences on who listens on a port and how to stop that; empty where it cannot be told."""
    for record in records():
        if record.port == port and record.is_running():
            modules = ", ".join(record.module)
            return f"HubServing (pid {record.pid}: {modules}) has it; stop it: hub serving stop -p {port}"
    listener = listeners.on_port(port)
    return f"On it listens {listener}." if listener is not None else ""


def _read(path: Path) -> PidFile:
    """Read a PID file; raises OSError, or ValueError for what is not one."""
    return PidFile.from_json(json.loads(path.read_text()))


def records() -> list[PidFile]:
    """Return what the PID files of this home say, by port; one that cannot be read is left out."""
    found = []
    for path in (settings.hub_home() / "conf").glob("serving_*.json"):
        with contextlib.suppress(OSError, ValueError):
            found.append(_read(path))
    return sorted(found, key=lambda record: record.port)


def remove(record: PidFile) -> None:
    """Remove file and run dir, unless another server has taken the port's file meanwhile."""
    path = path_for(record.port)
    with contextlib.suppress(OSError, ValueError):
        if _read(path).pid == record.pid:
            path.unlink()
    if not private_tmp.is_held(Path(record.run_dir)):
        shutil.rmtree(record.run_dir, ignore_errors=True)


def sweep() -> None:
    """Clean up after servers that died without doing so."""
    for record in records():
        if not record.is_running():
            _clean_up(record)


def _clean_up(record: PidFile) -> None:
    """Kill the processes that a dead supervisor left behind, if any, and remove its files.

    A run dir that a live process holds is that one's, whatever the record says.
    """
    left = [] if private_tmp.is_held(Path(record.run_dir)) else record.children()
    for pid, start in left:
        procfs.send_signal(pid, start, signal.SIGKILL)
    procfs.wait_gone(left, time.monotonic() + KILL_SECONDS)
    remove(record)


def stop(port: int, *, force_after: float | None = None) -> None:
    """End the server on a port and wait until nothing of it is left.

    SIGTERM to the supervisor alone, which drains; after its ``graceful_timeout`` (and a little) SIGKILL to
    it and to every process in its state.json.

    Raises:
        NotRunningError: no server of ours has the port; leftovers of a dead one are swept first.
        ServerError: it is still there.
    """
    record = _ours(port)
    if not record.is_running():
        _clean_up(record)
        raise NotRunningError(
            f"the server on port {port} (pid {record.pid}) had died; its leftovers are removed"
        )
    children = record.children()
    supervisor = (record.pid, record.started)
    procfs.send_signal(*supervisor, signal.SIGTERM)
    patience = record.graceful_timeout + 10 if force_after is None else force_after
    if procfs.wait_gone([supervisor], time.monotonic() + patience):
        children += record.children()
        procfs.send_signal(*supervisor, signal.SIGKILL)
        for pid, start in children:
            procfs.send_signal(pid, start, signal.SIGKILL)
    left = procfs.wait_gone([supervisor, *children], time.monotonic() + KILL_SECONDS)
    if supervisor in left:
        raise ServerError(f"the server on port {port} (pid {record.pid}) does not end; its files stay")
    remove(record)
