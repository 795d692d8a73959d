"""Supervisor → gateway: what the supervisor knows and the gateway needs, in ``state.json`` of the run dir.

The supervisor alone writes it (whole, by atomic replace); gateways look at its identity on each request
and read it again when it changed. ``hub serving stop`` reads from it which processes to end after a crash.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hub.serving.messages import atomic_json, message
from hub.serving.messages.death import Death
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.message import Message

LOADING = "LOADING"
READY = "READY"
FAILED = "FAILED"


@dataclass(frozen=True)
class ProcessState(Message):
    """A process: enough to recognise it later. ``started`` is field 22 of /proc/PID/stat.

    ``node`` is the machine of one that is not our child, which nobody here may signal.
    """

    pid: int
    started: int
    role: str = "gateway"
    ready: bool = True
    generation: int = 0
    device: str = "cpu"
    memory_mb: float = 0.0
    node: str = ""


@dataclass(frozen=True)
class ModuleLimits(Message):
    """The limits of a module's requests.

    Attributes:
        timeout: seconds until 504; of a stream, until its first item and between two.
        max_queue_size: requests that may wait.
        hang_timeout: seconds of a stream in all.
    """

    timeout: float = 60.0
    max_queue_size: int = 128
    hang_timeout: float = 120.0


@dataclass(frozen=True)
class ModuleState(Message):
    """A served module.

    Attributes:
        socket: where its runners listen, with the local engine.
        application: its name in Ray Serve, with engine ray.
        threads: engine threads per runner.
        manifest: what its runner found out.
        deaths: of its runners in the last seconds, by which the gateway judges who is to blame.
    """

    name: str
    version: str
    state: str
    reason: str = ""
    generation: int = 1
    socket: str = ""
    application: str = ""
    restarts: int = 0
    runners_wanted: int = 1
    threads: int = 1
    runners: tuple[ProcessState, ...] = ()
    manifest: Manifest = field(default_factory=Manifest)
    limits: ModuleLimits = ModuleLimits()
    deaths: tuple[Death, ...] = ()

    @property
    def is_warm(self) -> bool:
        """True when a loaded runner takes requests now; without one they wait for the next."""
        return self.state == READY and any(runner.ready for runner in self.runners)


@dataclass(frozen=True)
class ServerState(Message):
    """All that a server serves.

    Attributes:
        settled: the start is over: no module is LOADING any more, and /health/ready has answered.
    """

    modules: dict[str, ModuleState] = field(default_factory=dict)
    processes: tuple[ProcessState, ...] = ()
    draining: bool = False
    settled: bool = False

    @property
    def ready(self) -> bool:
        """Every module has a warm runner."""
        return not self.draining and all(module.is_warm for module in self.modules.values())

    @cached_property
    def endpoints(self) -> dict[str, str]:
        """A pipeline's endpoint → the module that answers there: the first that declares it."""
        found: dict[str, str] = {}
        for name, module in self.modules.items():
            for endpoint in module.manifest.endpoints:
                found.setdefault(endpoint, name)
        return found

    def owner(self, name: str) -> str:
        """Return the module that answers under a name: an endpoint's, its own or ``<module>.<method>``.

        Where there is none, that is the name as it is.
        """
        if name in self.endpoints:
            return self.endpoints[name]
        module = name.rpartition(".")[0]
        return module if name not in self.modules and module in self.modules else name

    def readiness(self) -> dict[str, Any]:
        """Return the answer of /health/ready: of each module its state, its generation and any reason."""
        modules: dict[str, dict[str, Any]] = {}
        for name, module in self.modules.items():
            modules[name] = {"state": module.state, "generation": module.generation}
            reason = module.reason
            if module.state == READY and not module.is_warm:
                reason = reason or "its runners are being started again"
            if reason:
                modules[name]["reason"] = reason
        return {"ready": self.ready, "modules": modules}


def write(path: Path, state: ServerState) -> None:
    """Replace the file."""
    atomic_json.write(path, message.stamp(state))


def read(path: Path) -> ServerState:
    """Read the file.

    Raises:
        OSError: there is none.  MessageError: it is none of this version of HubServing.
    """
    return message.unstamp(ServerState, json.loads(path.read_bytes()))


#: How old the gateway's view may be: many requests share one look at the file.
FRESH_SECONDS = 0.005


class StateReader(atomic_json.Reader[ServerState]):
    """The gateway's view: a ``stat`` now and then, a read only when the file was replaced."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, read, ServerState())
        self._looked = 0.0

    def current(self) -> ServerState:
        now = time.monotonic()
        if now - self._looked >= FRESH_SECONDS:
            super().current()
            self._looked = now
        return self._seen
