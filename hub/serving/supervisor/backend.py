"""Where the modules run, as the supervisor knows it: in processes here, or on a Ray cluster.

``LocalBackend`` starts runners on this machine. The other one is ``RayBackend`` in
``hub/serving/ray/supervisor_side``, and nothing of it is imported without ``"engine": "ray"`` in config.json.
(The key keeps the name that users wrote; elsewhere an engine is a library that executes graphs.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.serving.config.server_config import ServingConfig
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import ModuleState
from hub.serving.supervisor.fleet import RunnerFleet
from hub.serving.supervisor.helper import Helper
from hub.serving.supervisor.oom import OomWatch
from hub.serving.supervisor.slots import FleetPlan


class Fleet(Protocol):
    """All copies of one module. Nothing here waits: ``tick`` is called often and moves things on."""

    reason: str

    @property
    def spec(self) -> RunnerSpec:
        """Of the generation that serves, or that is meant to."""

    @property
    def state(self) -> str:
        """LOADING, READY or FAILED."""

    @property
    def is_reloading(self) -> bool: ...

    @property
    def is_empty(self) -> bool:
        """True when nothing of it is left, after ``drain`` or ``kill``."""

    def status_descriptors(self) -> list[int]:
        """Return what to poll for reading, so that the supervisor wakes."""

    def snapshot(self) -> ModuleState: ...

    def tick(self, now: float) -> None: ...

    def reload(self, plan: FleetPlan, now: float) -> None:
        """Bring up the next generation; the present one serves until it is ready, or if it fails."""

    def drain(self, now: float) -> None:
        """Let every copy finish what it has and leave; more calls change nothing."""

    def kill(self) -> None: ...

    def close(self) -> None:
        """Let go of the module's files and sockets."""


class ServingBackend(Protocol):
    """Where fleets run."""

    @property
    def helpers(self) -> Sequence[Helper]:
        """Processes of its own; they end after the last fleet."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that the gateways need in theirs."""

    def fleet(self, plan: FleetPlan) -> Fleet: ...

    def tick(self, now: float) -> None: ...

    def problem(self) -> str:
        """Return why nothing can be served at all; "" while there is hope."""


def make_backend(config: ServingConfig, run_dir: RunDir, lifeline: int) -> ServingBackend:
    """Make the backend that the configuration names."""
    if config.engine == "ray":
        from hub.serving.ray.supervisor_side.backend import RayBackend

        return RayBackend(config, run_dir, lifeline)
    return LocalBackend(run_dir, lifeline)


class LocalBackend:
    """Runners are children of the supervisor."""

    helpers: Sequence[Helper] = ()
    environment: Mapping[str, str] = {}

    def __init__(self, run_dir: RunDir, lifeline: int) -> None:
        self._run_dir = run_dir
        self._lifeline = lifeline
        self._oom = OomWatch()

    def fleet(self, plan: FleetPlan) -> Fleet:
        """Make the fleet of a module; the plan is released where that fails."""
        try:
            return RunnerFleet(plan, self._run_dir, self._lifeline, self._oom)
        except BaseException:
            plan.release()
            raise

    def tick(self, now: float) -> None:
        """Do nothing: its fleets do all there is to do."""

    def problem(self) -> str:
        return ""
