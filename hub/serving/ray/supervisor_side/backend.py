"""The Ray backend in the supervisor: two processes that it keeps running, and two files.

Imports nothing of Ray: a cluster that goes away takes every process that is connected to it along.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub import settings
from hub.errors import ConfigError
from hub.serving.config.server_config import ServingConfig
from hub.serving.messages.message import OtherVersionError
from hub.serving.messages.run_dir import RunDir
from hub.serving.ray import desired_state
from hub.serving.ray.desired_state import Deployment, DesiredState, ObservedState
from hub.serving.ray.supervisor_side.fleet import RayFleet
from hub.serving.supervisor import package_check
from hub.serving.supervisor.helper import Helper
from hub.serving.supervisor.slots import FleetPlan

log = logging.getLogger("hub.supervisor")

#: Settings that only the local backend can honour, with what to do instead.
_LOCAL_ONLY = {
    "max_requests": "Ray Serve replaces a replica only when it dies or is unhealthy",
    "max_memory_mb": "set Ray's own memory monitor on the nodes",
}
#: File in the run dir: the key without which nobody can use a Ray instance of our own.
_TOKEN = "ray-token"


class RayBackend:
    """Modules run as Ray Serve applications; an agent of ours tells Ray which."""

    def __init__(self, config: ServingConfig, run_dir: RunDir, lifeline: int) -> None:
        self._config = config
        self._fleets: list[RayFleet] = []
        self._desired_path = run_dir.path / desired_state.DESIRED
        self._observed = ObservedState()
        self._reader = desired_state.Reader(run_dir.path / desired_state.OBSERVED, self._observed)
        self._desired = DesiredState()
        self._owns_cluster = config.ray_address is None
        self.environment: Mapping[str, str] = _environment(run_dir, owns_cluster=self._owns_cluster)
        self.helpers: Sequence[Helper] = [
            Helper(f"hub.serving.ray.{role}", None, run_dir, lifeline, self.environment)
            for role in (["agent", "head"] if self._owns_cluster else ["agent"])
        ]
        if not self._owns_cluster:
            desired_state.write_address(run_dir.path, str(config.ray_address))
        for key, advice in _LOCAL_ONLY.items():
            if getattr(config, key) is not None:
                log.warning("%s has no effect with engine ray: %s", key, advice)

    def fleet(self, plan: FleetPlan) -> RayFleet:
        fleet = RayFleet(plan, self._deployment, lambda: self._observed, self._publish)
        self._fleets.append(fleet)
        self._publish()
        return fleet

    def tick(self, now: float) -> None:
        try:
            self._observed = self._reader.current()
        except OtherVersionError as error:  # the package changed on disk, and the agent was started again
            self._observed = replace(self._observed, problem=package_check.change() or str(error))
        if not self.helpers[0].is_running and not self._observed.problem:
            self._observed = replace(self._observed, problem="the Ray agent is starting")
        self._fleets = [fleet for fleet in self._fleets if not fleet.is_empty]
        if not self._observed.problem and self._observed.serial >= 0:
            for helper in self.helpers:
                helper.persist()

    def problem(self) -> str:
        for helper in self.helpers:
            if helper.gives_up:
                why = self._observed.problem or "its log lines above say why"
                return f"the {helper.name} does not stay up: {why}"
        return ""

    def _publish(self) -> int:
        """Write the desired state, if it changed, and return its serial."""
        deployments = tuple(each for fleet in self._fleets for each in fleet.deployments())
        if deployments != self._desired.deployments:
            self._desired = DesiredState(self._desired.serial + 1, deployments)
            desired_state.write(self._desired_path, self._desired)
        return self._desired.serial

    def _deployment(self, plan: FleetPlan) -> Deployment:
        """Return the deployment of a plan; raises ConfigError for one that Ray Serve cannot be given."""
        spec, options = plan.spec, plan.ray
        on_gpu = {runner.gpu is not None for runner in plan.runners}
        if len(on_gpu) > 1:
            raise ConfigError(
                f"{spec.name}: instances of kind cpu and of kind gpu; with engine ray all replicas of a "
                "module take the same resources, so serve it under two names"
            )
        if spec.interpreter is not None:
            raise ConfigError(
                f"{spec.name} is installed with --isolated; with engine ray a module runs in the nodes' own "
                "Python. Install its requirements there, and here install it again without --isolated"
            )
        gpu = True in on_gpu
        # A Ray instance of our own counts no cores: there, as with the local backend, modules share them.
        own = self._owns_cluster
        num_cpus = options.num_cpus or 1.0
        return Deployment(
            key=f"{spec.name}@{spec.generation}",
            spec=spec,
            replicas=len(plan.runners),
            threads=plan.runners[0].threads if own and not options.num_cpus else max(1, int(num_cpus)),
            gpu=gpu,
            num_cpus=0.0 if own else num_cpus,
            num_gpus=float(gpu) if options.num_gpus is None else options.num_gpus,
            resources=dict(options.resources),
            autoscaling=options.autoscaling,
            weights=tuple(options.weights),
            max_ongoing_requests=options.max_ongoing_requests,
            max_queue_size=plan.limits.max_queue_size,
            hang_timeout=plan.limits.hang_timeout,
            graceful_timeout=plan.limits.graceful_timeout,
            home=str(settings.hub_home()),
            is_shared=own if self._config.ray_modules is None else self._config.ray_modules == "shared",
            is_private=own,
        )


def _environment(run_dir: RunDir, *, owns_cluster: bool) -> dict[str, str]:
    """Return the variables of every process that connects to the cluster."""
    environment = {
        # The handler writes a stack for each SIGTERM, which is how we end our processes.
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_COLOR_PREFIX": "0",
        "RAY_DEDUP_LOGS": "0",
    }
    if owns_cluster:
        token = run_dir.path / _TOKEN
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32))
        environment |= {
            # So this machine is not a node of a cluster for Ray, and all ports are of 127.0.0.1.
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            # Where it does not answer for so long it is dead: no network is between us. By default a minute.
            "RAY_gcs_rpc_server_reconnect_timeout_s": "5",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
        }
    return environment
