"""What supervisor and agent tell each other: two files of the run dir, each with one writer.

    ray-wanted.json    the supervisor's: which deployments there should be
    ray-seen.json      the agent's: what became of each

Both are replaced whole. There is nothing to answer and nothing to lose: who starts again reads what is
wanted, or seen, now. ``ray-address.json`` says where the cluster is; whoever connects to it reads that.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hub.serving.messages import atomic_json
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import LOADING, ProcessState

WANTED = "ray-wanted.json"
SEEN = "ray-seen.json"
ADDRESS = "ray-address.json"


@dataclass(frozen=True)
class Deployment:
    """One generation of one module, as it should run.

    Attributes:
        key: ``<module>@<generation>``, unique in this server.
        spec: the fields of its ``RunnerSpec``.
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
    spec: dict[str, Any]
    replicas: int
    threads: int
    gpu: bool
    num_cpus: float
    num_gpus: float
    resources: dict[str, float]
    autoscaling: dict[str, Any] | None
    weights: list[str]
    max_ongoing_requests: int | None
    max_queue_size: int
    hang_timeout: float
    graceful_timeout: float
    home: str
    is_shared: bool
    is_private: bool = False

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def at_least(self) -> int:
        """Replicas without which it is not complete."""
        return self.replicas if self.autoscaling is None else int(self.autoscaling["min_replicas"])


@dataclass(frozen=True)
class Wanted:
    """``serial`` grows with each change."""

    serial: int = 0
    deployments: tuple[Deployment, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Wanted:
        return cls(data["serial"], tuple(Deployment(**entry) for entry in data["deployments"]))


@dataclass(frozen=True)
class Sight:
    """What the agent sees of a deployment.

    Attributes:
        application: its name in Ray Serve, where requests go.
        state: LOADING, READY (at least one replica takes requests) or FAILED.
        wanted: replicas that there should be.
        restarts: replicas that died and were replaced.
        manifest: as a runner tells it; empty until a replica has loaded.
    """

    application: str = ""
    state: str = LOADING
    reason: str = ""
    wanted: int = 1
    restarts: int = 0
    manifest: Manifest = field(default_factory=Manifest)
    runners: tuple[ProcessState, ...] = ()


@dataclass(frozen=True)
class Seen:
    """The agent's view.

    Attributes:
        serial: of what was wanted when it looked.
        problem: why it cannot look; "" while it can.
        deployments: by key.
        leaving: keys whose replicas still finish what they have.
    """

    serial: int = -1
    problem: str = ""
    deployments: dict[str, Sight] = field(default_factory=dict)
    leaving: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Seen:
        sights = {}
        for key, fields in data["deployments"].items():
            runners = tuple(ProcessState(**runner) for runner in fields.pop("runners"))
            manifest = Manifest.from_json(fields.pop("manifest"))
            sights[key] = Sight(**fields, runners=runners, manifest=manifest)
        return cls(data["serial"], data["problem"], sights, tuple(data["leaving"]))


def write_address(run_dir: Path, address: str) -> None:
    """Say where the cluster is: ``auto`` or ``host:port``."""
    atomic_json.write(run_dir / ADDRESS, {"address": address})


def read_address(run_dir: Path) -> str | None:
    """Where the cluster is; None before it is known."""
    try:
        return str(json.loads((run_dir / ADDRESS).read_bytes())["address"])
    except FileNotFoundError:
        return None


T = TypeVar("T")


def write(path: Path, told: Wanted | Seen) -> None:
    """Replace the file whole."""
    atomic_json.write(path, asdict(told))


class Reader(atomic_json.Reader[T]):
    """The other's file; the default while there is none."""

    def __init__(self, path: Path, parse: Callable[[dict[str, Any]], T], default: T) -> None:
        super().__init__(path, lambda path: parse(json.loads(path.read_bytes())), default)

    def current(self) -> T:
        with contextlib.suppress(FileNotFoundError):
            super().current()
        return self._seen
