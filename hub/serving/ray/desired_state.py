"""The messages between supervisor and agent: two files of the run dir, each with one writer.

    ray-desired.json     the supervisor's: which deployments there should be
    ray-observed.json    the agent's: what became of each

Both are replaced whole. There is nothing to answer and nothing to lose: a process that starts again reads
the latest. ``ray-address.json`` says where the cluster is, for all that connect to it.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hub.serving.messages import atomic_json, message
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.message import Message
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import LOADING, ProcessState

DESIRED = "ray-desired.json"
OBSERVED = "ray-observed.json"
ADDRESS = "ray-address.json"

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Deployment(Message):
    """One generation of one module, as it should run.

    Attributes:
        key: ``<module>@<generation>``, unique in this server.
        replicas: how many; where ``autoscaling`` is None.
        threads: engine threads of a replica.
        gpu: whether it runs on one.
        max_ongoing_requests: what a replica is handed at once; None: by what it can run at once.
        weights: catalogue names that go along with the module.
        home: the server's registry and weights.
        is_shared: nodes find module and weights at the server's own paths; else they are sent there.
        is_private: the cluster is the server's own, and only this machine may reach it.
    """

    key: str
    spec: RunnerSpec
    replicas: int
    threads: int
    gpu: bool
    num_cpus: float
    num_gpus: float
    resources: dict[str, float]
    autoscaling: dict[str, Any] | None
    weights: tuple[str, ...]
    max_ongoing_requests: int | None
    max_queue_size: int
    hang_timeout: float
    graceful_timeout: float
    home: str
    is_shared: bool
    is_private: bool = False

    @property
    def at_least(self) -> int:
        """Replicas without which it is not complete."""
        return self.replicas if self.autoscaling is None else int(self.autoscaling["min_replicas"])


@dataclass(frozen=True)
class DesiredState(Message):
    """``serial`` grows with each change."""

    serial: int = 0
    deployments: tuple[Deployment, ...] = ()


@dataclass(frozen=True)
class DeploymentStatus(Message):
    """A deployment as the agent observes it.

    Attributes:
        application: its name in Ray Serve, where requests go.
        state: LOADING, READY (at least one replica takes requests) or FAILED.
        wanted: replicas that there should be.
        restarts: replicas that died and were replaced.
        manifest: as a runner tells it, once a replica has loaded.
    """

    application: str = ""
    state: str = LOADING
    reason: str = ""
    wanted: int = 1
    restarts: int = 0
    manifest: Manifest = field(default_factory=Manifest)
    runners: tuple[ProcessState, ...] = ()


@dataclass(frozen=True)
class ObservedState(Message):
    """The agent's view.

    Attributes:
        serial: of the desired state that it went by.
        problem: why it cannot look; "" while it can.
        deployments: by key.
        leaving: keys whose replicas still finish what they have.
    """

    serial: int = -1
    problem: str = ""
    deployments: dict[str, DeploymentStatus] = field(default_factory=dict)
    leaving: tuple[str, ...] = ()


def write(path: Path, state: DesiredState | ObservedState) -> None:
    """Replace the file whole."""
    atomic_json.write(path, message.stamp(state))


class Reader(atomic_json.Reader[M]):
    """Reads the other's file; gives the default while there is none."""

    def __init__(self, path: Path, default: M) -> None:
        cls = type(default)
        super().__init__(path, lambda path: message.unstamp(cls, json.loads(path.read_bytes())), default)

    def current(self) -> M:
        with contextlib.suppress(FileNotFoundError):
            super().current()
        return self._seen


def write_address(run_dir: Path, address: str) -> None:
    """Say where the cluster is: ``auto`` or ``host:port``."""
    atomic_json.write(run_dir / ADDRESS, address)


def read_address(run_dir: Path) -> str | None:
    """Return the address of the cluster; None before it is known."""
    try:
        return str(json.loads((run_dir / ADDRESS).read_bytes()))
    except FileNotFoundError:
        return None
