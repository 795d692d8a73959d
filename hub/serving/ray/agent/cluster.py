"""Ray Serve: applications are deployed, looked at and deleted here, and nowhere else.

Private to Ray, with a contract test: ``Deployment._version`` and ``serve.delete(_blocking=…)``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from ray import serve
from ray.serve.schema import ApplicationStatusOverview

import hub
from hub.serving.config.ray import OF_NODES
from hub.serving.ray.agent.application import ApplicationStatus
from hub.serving.ray.desired_state import Deployment
from hub.serving.ray.replica import DidNotLoadError, Replica
from hub.serving.ray.replica_messages import ReplicaReport
from hub.serving.supervisor.placement import RunnerPlan

#: A replica that cannot say how it is within this time is left out of the picture.
DESCRIBE_SECONDS: Final = 3.0
#: How often Ray Serve looks whether a replica lives, and how long that one may take to answer.
_HEALTH_SECONDS: Final = 2.0
_HEALTH_TIMEOUT_SECONDS: Final = 30.0
#: As with the local backend, a module that does not load is tried three times.
_LOAD_ATTEMPTS: Final = 3
#: How soon a waiting request asks again for a free replica: Ray Serve's own pauses, up to half a second, are
#: for modules that take longer.
_ROUTING: Final = {"initial_backoff_s": 0.005, "backoff_multiplier": 2.0, "max_backoff_s": 0.05}
#: States of replicas that are, or are about to be.
_COMING: Final = ("STARTING", "UPDATING", "RECOVERING", "RUNNING", "PENDING_MIGRATION")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Cluster:
    """Ray Serve on the cluster that this process is connected to; ``server`` is who asks."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="describe")

    def statuses(self) -> dict[str, ApplicationStatus]:
        """Return every application by its name, also those that are not ours."""
        return {name: _status(found) for name, found in serve.status().applications.items()}

    def deploy(self, application: str, deployment: Deployment, uri: str | None, ongoing: int) -> None:
        """Begin to bring it up, or to change the number of its replicas and of their requests.

        Args:
            application: its name; another content or configuration has another name.
            deployment: what it is.
            uri: of the archive with the module, None where nodes have it already.
            ongoing: requests that a replica is sent at once.
        """
        serve.start(proxy_location="Disabled")
        threads = RunnerPlan(0, None, deployment.threads).environment()
        environment: dict[str, Any] = {"env_vars": {**threads, **deployment.spec.environment()}}
        if uri is not None:
            environment["working_dir"] = uri
        options: dict[str, Any] = {
            "name": deployment.spec.name,
            "max_ongoing_requests": ongoing,
            "max_queued_requests": deployment.max_queue_size,
            "user_config": {"max_ongoing_requests": ongoing},
            "graceful_shutdown_timeout_s": deployment.graceful_timeout,
            "graceful_shutdown_wait_loop_s": 0.2,
            "health_check_period_s": _HEALTH_SECONDS,
            "health_check_timeout_s": _HEALTH_TIMEOUT_SECONDS,
            "max_constructor_retry_count": _LOAD_ATTEMPTS,
            "request_router_config": _ROUTING,
            "logging_config": {"log_level": "WARNING", "enable_access_log": False},
            "ray_actor_options": {
                "num_cpus": deployment.num_cpus,
                "num_gpus": deployment.num_gpus,
                "resources": deployment.resources,
                "runtime_env": environment,
            },
        }
        if deployment.autoscaling is None:
            options["num_replicas"] = deployment.replicas
        else:
            options["autoscaling_config"] = deployment.autoscaling
        made = serve.deployment(Replica).options(**options)
        # By it Ray Serve knows that replicas may stay as they are; without, it would replace each of them.
        made._version = application
        target = serve.RunTarget(
            target=made.bind(deployment.to_json(), hub.__version__), name=application, route_prefix=None
        )
        serve.run_many(
            [target], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False
        )

    def delete(self, application: str) -> None:
        """Have its replicas finish what they have and go."""
        serve.delete(application, _blocking=False)

    def describe(self, applications: Mapping[str, bool]) -> dict[str, list[ReplicaReport]]:
        """Ask the replicas of applications; takes some seconds at most.

        Args:
            applications: name → whether this server is leaving it; see ``Replica.describe``.

        Returns:
            Name → a report of each replica that answered.
        """
        found = self._pool.map(self._describe, applications.keys(), applications.values())
        return dict(zip(applications, found, strict=True))

    def _describe(self, application: str, is_leaving: bool) -> list[ReplicaReport]:
        with contextlib.suppress(Exception):  # not there yet, or just going: the next look will tell
            answers = serve.get_app_handle(application).broadcast("describe", self._server, is_leaving)
            said = answers.results(timeout_s=DESCRIBE_SECONDS, return_exceptions=True)
            return [answer for answer in said if isinstance(answer, ReplicaReport)]
        return []


def _status(found: ApplicationStatusOverview) -> ApplicationStatus:
    deployments = list(found.deployments.values())
    replicas: Mapping[str, int] = deployments[0].replica_states if deployments else {}
    counts = {str(getattr(state, "value", state)): count for state, count in replicas.items()}
    wanted = sum(counts.get(state, 0) for state in _COMING)
    # A replica goes on serving while it is told of another number of requests.
    running = counts.get("RUNNING", 0) + counts.get("UPDATING", 0)
    messages = (*(deployment.message for deployment in deployments), found.message)
    reason = next((shortened(text) for text in messages if text), "")
    if running:
        reason = f"{running} of {wanted} replicas run" + (f": {reason}" if reason else "")
    status = found.status.value
    return ApplicationStatus(
        is_leaving=status == "DELETING",
        has_failed=status == "DEPLOY_FAILED",
        wanted=wanted,
        running=running,
        reason="" if status == "RUNNING" else reason,
    )


def shortened(message: str) -> str:
    """Return what people need of a message of Ray Serve, without its tracebacks."""
    text = _COLOURS.sub("", message).strip()
    _, marker, reason = text.rpartition(f"{DidNotLoadError.__name__}: ")
    if marker:
        return reason.strip()
    if "No module named 'hub'" in text:
        return f"a node has no hubserving; install it on every node: {OF_NODES}"
    if "its node has died" in text:
        return "a node has died"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
