"""The target of a job, by its path."""

from __future__ import annotations

from hub.serving.gateway.context import Gateway
from hub.serving.gateway.targets import EndpointTarget, ModuleTarget, Target


def job_target(gateway: Gateway, name: str, method: str = "") -> Target:
    """Return what ``/jobs/<name>`` or ``/jobs/<name>/<method>`` calls."""
    if not method and name in gateway.states.current().endpoints:
        return EndpointTarget(gateway, name)
    return ModuleTarget(gateway, name, method)
