"""What a supervisor asks the agent for. Needs no Ray."""

from __future__ import annotations

from typing import Any

from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.ray.desired_state import Deployment
from tests.serving.running import MODULES


def deployment(generation: int = 1, *, replicas: int = 1, module: str = "greet", **spec: Any) -> Deployment:
    fields: dict[str, Any] = {
        "name": module,
        "version": "1.0.0",
        "directory": str(MODULES / module),
        "generation": generation,
    }
    return Deployment(
        key=f"{module}@{generation}",
        spec=RunnerSpec(**{**fields, **spec}),
        replicas=replicas,
        threads=1,
        gpu=False,
        num_cpus=1.0,
        num_gpus=0.0,
        resources={},
        autoscaling=None,
        weights=(),
        max_ongoing_requests=None,
        max_queue_size=8,
        hang_timeout=10.0,
        graceful_timeout=10.0,
        home="/home",
        is_shared=True,
    )
