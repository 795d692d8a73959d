"""A module's fleet as it is meant to be: its plan, and the slots that its runners take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.serving.config.ray import RayOptions
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import ModuleLimits
from hub.serving.supervisor.backoff import RestartPolicy
from hub.serving.supervisor.placement import RunnerPlan
from hub.serving.supervisor.runner_process import RunnerProcess

#: How a failed reload's reason begins; it is shown until the next one.
RELOAD_FAILED: Final = "reload failed: "


@dataclass(frozen=True)
class FleetLimits:
    """Seconds; requests that may wait; and when a runner is worn (None: never)."""

    timeout: float
    load_timeout: float
    hang_timeout: float
    graceful_timeout: float
    max_queue_size: int
    max_requests: int | None = None
    max_memory_mb: int | None = None

    @property
    def of_requests(self) -> ModuleLimits:
        """Those that the gateway needs to know."""
        return ModuleLimits(self.timeout, self.max_queue_size, self.hang_timeout)

    @property
    def not_loaded(self) -> str:
        """The reason of one that took too long."""
        return f"not ready after {self.load_timeout:g} s (load_timeout)"


@dataclass(frozen=True)
class FleetPlan:
    """One generation of a module. ``release`` is called when its files are no longer needed.

    ``ray`` says more to the backend ray; the local one does not look at it.
    """

    spec: RunnerSpec
    runners: Sequence[RunnerPlan]
    limits: FleetLimits
    release: Callable[[], None] = lambda: None
    ray: RayOptions = field(default_factory=RayOptions)

    def slots(self) -> list[Slot]:
        return [Slot(place, self.spec) for place in self.runners]


@dataclass
class Slot:
    """A place for a runner in the plan; the runner in it comes and goes.

    ``spare`` is the runner that takes over from a worn one as soon as it is ready.
    """

    place: RunnerPlan
    spec: RunnerSpec
    runner: RunnerProcess | None = None
    spare: RunnerProcess | None = None
    policy: RestartPolicy = field(default_factory=RestartPolicy)

    @property
    def is_ready(self) -> bool:
        return self.runner is not None and self.runner.is_ready and not self.runner.is_ending

    def runners(self) -> list[RunnerProcess]:
        return [runner for runner in (self.runner, self.spare) if runner is not None]

    def take_out(self, dead: RunnerProcess) -> bool:
        """Take a dead runner out; its spare takes its place. Tell whether it was the spare."""
        was_spare = dead is self.spare
        if not was_spare:
            self.runner = self.spare
        self.spare = None
        return was_spare

    def empty(self) -> list[RunnerProcess]:
        """Take all runners out."""
        runners, self.runner, self.spare = self.runners(), None, None
        return runners
