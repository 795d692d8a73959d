"""Brings the cluster from what is there to what is desired; what is next for each application is its own say.

An application's name is made of the module's name and a digest of everything that makes a difference to a
reply: files, weights, arguments, limits. So servers that want the same share it without knowing of each
other, and a new version is another application beside the old one. The number of replicas is not part of it.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hub
from hub.errors import HubError
from hub.registry.store import checksums
from hub.serving.messages.state import FAILED, LOADING
from hub.serving.ray.agent.application import Application, ApplicationStatus, Step, is_shared
from hub.serving.ray.desired_state import Deployment, DeploymentStatus, DesiredState, ObservedState

if TYPE_CHECKING:  # they import Ray
    from hub.serving.ray.agent.cluster import Cluster
    from hub.serving.ray.agent.shipping import Shipper

log = logging.getLogger("hub.ray")

#: Of a deployment's fields those that say how much of it there is, or how this server calls it.
_NOT_IDENTITY: Final = ("key", "replicas", "autoscaling", "max_ongoing_requests")

Statuses = dict[str, ApplicationStatus]


class Reconciler:
    """Call ``step`` again and again; it waits for nothing but Ray's own answers."""

    def __init__(self, cluster: Cluster, shipper: Shipper) -> None:
        self._cluster = cluster
        self._shipper = shipper
        self._applications: dict[str, Application] = {}
        self._names: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self.is_busy = True

    def step(self, desired: DesiredState, now: float) -> ObservedState:
        """Move everything on, and return how it stands."""
        self._assign(desired)
        statuses = self._cluster.statuses()
        # Of two generations that are one application, say with more replicas, the later decides.
        newest = {self._names[each.key]: each for each in desired.deployments if each.key in self._names}
        for name, deployment in newest.items():
            self._bring_up(self._applications[name], deployment, statuses.get(name), now)
        self._observe(statuses)
        for application in list(self._applications.values()):
            self._take_away(application, statuses.get(application.name), now)
        observed = {each.key: self._status(each, statuses) for each in desired.deployments}
        left = {key for each in self._applications.values() for key in each.keys} - observed.keys()
        self.is_busy = bool(left) or any(
            each.state == LOADING or len(each.runners) != each.wanted for each in observed.values()
        )
        return ObservedState(desired.serial, "", observed, tuple(sorted(left)))

    def leave(self) -> None:
        """Delete what no other server uses, without waiting for it: this server is gone."""
        for name, reports in self._cluster.describe(dict.fromkeys(self._present(), True)).items():
            if not is_shared(reports):
                self._cluster.delete(name)

    def _assign(self, desired: DesiredState) -> None:
        """Give each new deployment its application, and forget those that are not desired any more."""
        keys = {deployment.key for deployment in desired.deployments}
        for known in (self._names, self._problems):
            for gone in known.keys() - keys:
                del known[gone]
        for deployment in desired.deployments:
            key = deployment.key
            if key not in self._names and key not in self._problems:
                try:
                    self._names[key] = self._application(deployment)
                except (HubError, OSError) as error:
                    self._problems[key] = str(error)

    def _application(self, deployment: Deployment) -> str:
        """Return the name of a deployment's application, which is made here if it is a new one."""
        archive = None if deployment.is_shared else self._shipper.pack(deployment)
        fields = {key: value for key, value in deployment.to_json().items() if key not in _NOT_IDENTITY}
        del fields["spec"]["generation"]
        if archive is None:
            fields["files"] = checksums.of_folder(Path(deployment.spec.directory))
        else:
            del fields["spec"]["directory"], fields["home"]
            fields["files"] = archive.digest
        text = json.dumps([hub.__version__, fields], sort_keys=True)
        name = f"hub-{deployment.spec.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        application = self._applications.setdefault(name, Application(name, archive))
        application.keys.add(deployment.key)
        application.idle_since = None
        return name

    def _bring_up(
        self, application: Application, deployment: Deployment, status: ApplicationStatus | None, now: float
    ) -> None:
        if application.archive is not None:
            self._shipper.keep(application.archive)
        step = application.bring_up(status, deployment, now)
        if step is Step.DEPLOY:
            log.info("%s is deployed as %s", deployment.spec.name, application.name)
            uri = application.archive.uri if application.archive else None
            ongoing = application.scale(deployment).ongoing
            self._cluster.deploy(application.name, deployment, uri, ongoing)
            application.deployed(deployment, now)
        elif step is Step.ADOPT:
            log.info("%s is there already, as %s", deployment.spec.name, application.name)
            application.adopt(deployment)

    def _observe(self, statuses: Statuses) -> None:
        present = self._present()
        running = {
            name: not self._is_desired(name)
            for name in present
            if (status := statuses.get(name)) and status.running and not status.is_leaving
        }
        reports = self._cluster.describe(running)
        for name in present:
            self._applications[name].observe(statuses.get(name), reports.get(name, ()))

    def _take_away(self, application: Application, status: ApplicationStatus | None, now: float) -> None:
        if self._is_desired(application.name):
            application.keys &= self._names.keys()
            return
        step = application.take_away(status, now)
        if step is Step.FORGET:
            del self._applications[application.name]
        elif step is Step.DELETE:
            log.info("%s is deleted", application.name)
            self._cluster.delete(application.name)
            application.deleted()

    def _status(self, deployment: Deployment, statuses: Statuses) -> DeploymentStatus:
        if problem := self._problems.get(deployment.key):
            return DeploymentStatus(state=FAILED, reason=problem, wanted=deployment.replicas)
        name = self._names[deployment.key]
        return self._applications[name].status(statuses.get(name), deployment)

    def _present(self) -> list[str]:
        return [name for name, each in self._applications.items() if not each.is_deleted]

    def _is_desired(self, name: str) -> bool:
        return bool(self._applications[name].keys & self._names.keys())
