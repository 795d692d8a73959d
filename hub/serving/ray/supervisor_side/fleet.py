"""The replicas of one module on a Ray cluster, as the supervisor knows them.

Ray Serve starts, watches and replaces replicas. The rest is done here: bring up the
next generation beside the present one and swap when it is ready, and give up what does not load.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hub.serving.messages.manifest import Manifest
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import FAILED, LOADING, READY, ModuleLimits, ModuleState
from hub.serving.ray.desired_state import Deployment, DeploymentStatus, ObservedState
from hub.serving.supervisor.slots import RELOAD_FAILED, FleetPlan

log = logging.getLogger("hub.supervisor")

#: Beyond its graceful_timeout a drained application gets this long to disappear from the cluster.
LEAVING_SECONDS = 15.0


@dataclass
class Generation:
    """A plan and the deployment that it became; ``since``: when it was begun."""

    plan: FleetPlan
    deployment: Deployment
    since: float | None = None


class RayFleet:
    """One module; the three functions are the backend's.

    Args:
        deployment_of: makes a deployment of a plan; raises ConfigError.
        observed: returns what the agent observed last.
        publish: writes the desired state and returns its serial.
    """

    def __init__(
        self,
        plan: FleetPlan,
        deployment_of: Callable[[FleetPlan], Deployment],
        observed: Callable[[], ObservedState],
        publish: Callable[[], int],
    ) -> None:
        self.reason = ""
        self._deployment_of = deployment_of
        self._observed = observed
        self._publish = publish
        self._current = self._generation(plan)
        self._incoming: Generation | None = None
        self.state = LOADING
        self._manifest = Manifest()
        self._restarts = 0
        self._draining_since: float | None = None
        self._drained_serial = 0
        self._patience = 0.0

    # -- what the supervisor asks ---------------------------------------------------------------

    @property
    def spec(self) -> RunnerSpec:
        return self._current.plan.spec

    @property
    def is_reloading(self) -> bool:
        return self._incoming is not None

    @property
    def is_empty(self) -> bool:
        if self._draining_since is None:
            return False
        observed, key = self._observed(), self._current.deployment.key
        is_told = observed.serial >= self._drained_serial
        return self._patience < 0 or (is_told and key not in (*observed.leaving, *observed.deployments))

    def status_descriptors(self) -> list[int]:
        return []

    def deployments(self) -> Iterator[Deployment]:
        """Yield what should run; nothing once it drains."""
        if self._draining_since is None:
            yield self._current.deployment
            if self._incoming is not None:
                yield self._incoming.deployment

    def snapshot(self) -> ModuleState:
        plan, status = self._current.plan, self._status(self._current)
        return ModuleState(
            name=self.spec.name,
            version=self.spec.version,
            state=self.state,
            reason=self.reason,
            generation=self.spec.generation,
            application=status.application,
            restarts=self._restarts + status.restarts,
            runners_wanted=status.wanted,
            threads=self._current.deployment.threads,
            runners=() if self._observed().problem else status.runners,
            manifest=self._manifest,
            limits=ModuleLimits(plan.limits.timeout, plan.limits.max_queue_size),
        )

    # -- what the supervisor does ---------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Follow what the agent observed; swap or drop an incoming generation."""
        if self._draining_since is not None:
            limit = LEAVING_SECONDS
            if not self._observed().problem:
                limit += self._current.plan.limits.graceful_timeout
            self._patience = self._draining_since + limit - now
            return
        self._follow(now)
        if self._incoming is not None:
            self._follow_incoming(self._incoming, now)

    def reload(self, plan: FleetPlan, now: float) -> None:
        """Have the next generation brought up; a FAILED module has none to keep."""
        fresh = self._generation(plan)
        self._drop_incoming()
        if self.state == FAILED:
            self._replace(fresh)
            self.state, self.reason = LOADING, ""
        else:
            self._incoming = fresh
        self._publish()

    def drain(self, now: float) -> None:
        if self._draining_since is None:
            self._draining_since = now
            self._drained_serial = self._publish()

    def kill(self) -> None:
        """Do nothing: the agent deletes applications at once, and Ray ends their processes."""

    def close(self) -> None:
        self._current.plan.release()
        self._drop_incoming()

    # -- inside ------------------------------------------------------------------------------------

    def _generation(self, plan: FleetPlan) -> Generation:
        try:
            return Generation(plan, self._deployment_of(plan))
        except BaseException:
            plan.release()
            raise

    def _status(self, generation: Generation) -> DeploymentStatus:
        known = self._observed().deployments.get(generation.deployment.key)
        return known or DeploymentStatus(wanted=generation.deployment.replicas)

    def _follow(self, now: float) -> None:
        status, problem = self._status(self._current), self._observed().problem
        if status.state == READY and not problem:
            if self.state != READY:
                log.info("%s: generation %d serves", self.spec.name, self.spec.generation)
            self.state, self._manifest = READY, status.manifest
            if not self.reason.startswith(RELOAD_FAILED):
                self.reason = status.reason
        elif self.state != FAILED:
            self.reason = problem or status.reason
            if self.state == LOADING and (failure := self._failure(self._current, status, now)):
                log.error("%s: given up: %s", self.spec.name, failure)
                self.state, self.reason = FAILED, failure

    def _follow_incoming(self, incoming: Generation, now: float) -> None:
        status = self._status(incoming)
        if status.state == READY and len(status.runners) >= incoming.deployment.at_least:
            self._restarts += self._status(self._current).restarts
            self._replace(incoming)
            self._incoming = None
            self.state, self._manifest, self.reason = READY, status.manifest, ""
            self._publish()
            log.info("%s: generation %d serves", self.spec.name, self.spec.generation)
        elif failure := self._failure(incoming, status, now):
            log.error(
                "%s: the new generation does not come up, the old one stays: %s", self.spec.name, failure
            )
            self.reason = f"{RELOAD_FAILED}{failure}"
            self._drop_incoming()
            self._publish()

    @staticmethod
    def _failure(generation: Generation, status: DeploymentStatus, now: float) -> str:
        """Return why a generation that is not ready is given up; "" while it may still become ready."""
        if generation.since is None:
            generation.since = now
        if status.state == FAILED:
            return status.reason
        limits = generation.plan.limits
        if now - generation.since <= limits.load_timeout:
            return ""
        return limits.not_loaded + (f": {status.reason}" if status.reason else "")

    def _drop_incoming(self) -> None:
        if self._incoming is not None:
            self._incoming.plan.release()
            self._incoming = None

    def _replace(self, generation: Generation) -> None:
        self._current.plan.release()
        self._current = generation
