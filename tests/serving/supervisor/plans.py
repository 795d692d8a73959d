"""Plans of fleets for tests, which remember whether they were released."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.supervisor.placement import RunnerPlan
from hub.serving.supervisor.slots import FleetLimits, FleetPlan


@dataclass
class Plans:
    """Makes plans, and counts which of them were released."""

    released: list[tuple[str, int]] = field(default_factory=list)

    def make(self, name: str = "mine", generation: int = 1, runners: int = 1, **limits: Any) -> FleetPlan:
        """Return the plan of one generation; ``limits`` are fields of FleetLimits."""
        spec = RunnerSpec(name, f"1.{generation}.0", f"/modules/{name}", generation=generation)
        seconds = {"timeout": 60.0, "load_timeout": 300.0, "hang_timeout": 120.0, "graceful_timeout": 30.0}
        return FleetPlan(
            spec,
            [RunnerPlan(index, None, 1) for index in range(runners)],
            FleetLimits(**{**seconds, "max_queue_size": 16, **limits}),
            release=lambda: self.released.append((name, generation)),
        )
