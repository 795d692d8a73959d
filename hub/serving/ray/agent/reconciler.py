"""From what is wanted and what is there to what is done next. All time is passed in.

An application's name is made of the module's name and a digest of everything that makes a difference to a
reply: files, weights, arguments, limits. So servers that want the same share it without knowing of each
other, and a new version is another application beside the old one. How many replicas there are is no part.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import hub
from hub.errors import HubError
from hub.registry.store import checksums
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import FAILED, LOADING, READY, ProcessState
from hub.serving.ray.desired_state import Deployment, Seen, Sight, Wanted

if TYPE_CHECKING:  # it imports Ray
    from hub.serving.ray.agent.shipping import Archive

log = logging.getLogger("hub.ray")

#: Another server that asked after an application within this time uses it.
SHARED_SECONDS: Final = 10.0
#: An application that vanished is deployed again, but not more often than this.
AGAIN_SECONDS: Final = 5.0
#: Of a deployment's fields those that say how much of it there is, or how this server calls it.
_NOT_IDENTITY: Final = ("key", "replicas", "autoscaling", "max_ongoing_requests")


@dataclass(frozen=True)
class Status:
    """An application as Ray Serve reports it.

    Attributes:
        has_failed: it did not come up and is not tried any more.
        wanted, running: replicas.
        reason: why it is not as it should be; "" when it is.
    """

    is_leaving: bool
    has_failed: bool
    wanted: int
    running: int
    reason: str


class Cluster(Protocol):
    """What is asked of Ray Serve; see ``hub.serving.ray.agent.cluster``."""

    def statuses(self) -> dict[str, Status]: ...

    def deploy(self, application: str, deployment: Deployment, uri: str | None, ongoing: int) -> None: ...

    def delete(self, application: str) -> None: ...

    def describe(self, applications: Mapping[str, bool]) -> dict[str, list[dict[str, Any]]]: ...


class Shipper(Protocol):
    """What brings modules to the nodes; see ``hub.serving.ray.agent.shipping``."""

    def pack(self, deployment: Deployment) -> Archive: ...

    def keep(self, archive: Archive) -> None: ...


@dataclass
class Application:
    """One application that this server wants, or wanted.

    Attributes:
        keys: the generations that it serves.
        tried: those for which it was deployed; one that failed is tried again for a new generation.
        applied: what was last asked of Ray Serve: replicas, autoscaling and requests per replica.
        replicas: by (node, pid, start time), what each said of itself last.
    """

    name: str
    archive: Archive | None
    keys: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    applied: tuple[Any, ...] | None = None
    deployed_at: float | None = None
    replicas: dict[tuple[str, int, int], dict[str, Any]] = field(default_factory=dict)
    wanted: int = 0
    restarts: int = 0
    leaving_since: float | None = None
    idle_since: float | None = None
    is_deleted: bool = False


class Reconciler:
    """Call ``step`` again and again; it waits for nothing but Ray's own answers."""

    def __init__(self, cluster: Cluster, shipper: Shipper) -> None:
        self._cluster = cluster
        self._shipper = shipper
        self._applications: dict[str, Application] = {}
        self._names: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self.is_busy = True

    def step(self, wanted: Wanted, now: float) -> Seen:
        """Move everything on, and tell how it stands."""
        self._assign(wanted)
        statuses = self._cluster.statuses()
        # Of two generations that are one application, say with more replicas, the later decides.
        newest = {self._names[each.key]: each for each in wanted.deployments if each.key in self._names}
        for deployment in newest.values():
            self._bring_up(deployment, statuses, now)
        mine = [name for name, each in self._applications.items() if not each.is_deleted]
        described = self._cluster.describe(
            {name: not self._is_wanted(name) for name in mine if _runs(statuses.get(name))}
        )
        for name in mine:
            self._note(self._applications[name], statuses.get(name), described.get(name, []))
        for application in list(self._applications.values()):
            self._take_away(application, statuses.get(application.name), now)
        sights = {each.key: self._sight(each, statuses) for each in wanted.deployments}
        left = {key for each in self._applications.values() for key in each.keys} - sights.keys()
        leaving = tuple(sorted(left))
        self.is_busy = bool(leaving) or any(
            sight.state == LOADING or len(sight.runners) != sight.wanted for sight in sights.values()
        )
        return Seen(wanted.serial, "", sights, leaving)

    def leave(self) -> None:
        """The server is gone: delete what no other uses, without waiting for it."""
        mine = [name for name, each in self._applications.items() if not each.is_deleted]
        for name, said in self._cluster.describe(dict.fromkeys(mine, True)).items():
            if not _is_shared(said):
                self._cluster.delete(name)

    # -- which applications ------------------------------------------------------------------------

    def _assign(self, wanted: Wanted) -> None:
        """Give each new deployment its application; mark those that nothing wants any more."""
        keys = {deployment.key for deployment in wanted.deployments}
        for deployment in wanted.deployments:
            if deployment.key not in self._names and deployment.key not in self._problems:
                try:
                    self._name(deployment)
                except (HubError, OSError) as error:
                    self._problems[deployment.key] = str(error)
        for gone in [key for key in (*self._names, *self._problems) if key not in keys]:
            self._names.pop(gone, None)
            self._problems.pop(gone, None)

    def _name(self, deployment: Deployment) -> None:
        archive = None if deployment.is_shared else self._shipper.pack(deployment)
        fields = {key: value for key, value in asdict(deployment).items() if key not in _NOT_IDENTITY}
        fields["spec"] = {key: value for key, value in fields["spec"].items() if key != "generation"}
        if archive is None:
            fields["files"] = checksums.of_folder(Path(deployment.spec["directory"]))
        else:
            del fields["spec"]["directory"], fields["home"]
            fields["files"] = archive.digest
        text = json.dumps([hub.__version__, fields], sort_keys=True)
        name = f"hub-{deployment.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        application = self._applications.setdefault(name, Application(name, archive))
        application.keys.add(deployment.key)
        application.leaving_since = application.idle_since = None
        self._names[deployment.key] = name

    # -- bringing up -------------------------------------------------------------------------------

    def _bring_up(self, deployment: Deployment, statuses: dict[str, Status], now: float) -> None:
        """Deploy what is not there, or not any more; adjust how much of it there is."""
        application = self._applications[self._names[deployment.key]]
        status = statuses.get(application.name)
        if application.archive is not None:
            self._shipper.keep(application.archive)
        if status is not None and status.is_leaving:
            return
        application.is_deleted = False
        ongoing = deployment.max_ongoing_requests or _ongoing(application)
        amount = (deployment.replicas, deployment.autoscaling)
        is_absent = status is None and (
            application.deployed_at is None or now - application.deployed_at > AGAIN_SECONDS
        )
        is_to_be_tried = status is not None and status.has_failed and deployment.key not in application.tried
        is_to_be_changed = status is not None and application.applied not in (None, (*amount, ongoing))
        if is_absent or is_to_be_tried or is_to_be_changed:
            log.info("%s is deployed as %s", deployment.name, application.name)
            uri = application.archive.uri if application.archive else None
            self._cluster.deploy(application.name, deployment, uri, ongoing)
            application.deployed_at = now
            application.tried.add(deployment.key)
            application.applied = (*amount, ongoing)
        elif status is not None and application.applied is None:
            log.info("%s is there already, as %s", deployment.name, application.name)
            deployed = {replica["max_ongoing_requests"] for replica in application.replicas.values()}
            if deployed:
                application.applied = (*amount, deployed.pop())

    # -- looking -----------------------------------------------------------------------------------

    @staticmethod
    def _note(application: Application, status: Status | None, said: list[dict[str, Any]]) -> None:
        """Keep what replicas said, and count those that went without having been let go."""
        running = status.running if status else 0
        fresh = {(each["node"], each["pid"], each["started"]): each for each in said}
        if len(fresh) < running:  # one was too busy to answer: what it said last stands
            known = [(key, each) for key, each in application.replicas.items() if key not in fresh]
            fresh |= dict(known[: running - len(fresh)])
        gone = len(application.replicas.keys() - fresh.keys())
        wanted = status.wanted if status else 0
        let_go = max(0, application.wanted - wanted)
        application.restarts += max(0, gone - let_go)
        application.replicas, application.wanted = fresh, wanted

    def _sight(self, deployment: Deployment, statuses: dict[str, Status]) -> Sight:
        if problem := self._problems.get(deployment.key):
            return Sight(state=FAILED, reason=problem, wanted=deployment.replicas)
        application = self._applications[self._names[deployment.key]]
        status = statuses.get(application.name)
        runners = tuple(_process(replica) for replica in application.replicas.values())
        state = READY if runners else LOADING
        if status is not None and status.has_failed and not runners and deployment.key in application.tried:
            state = FAILED
        manifests = [replica["manifest"] for replica in application.replicas.values()]
        return Sight(
            application=application.name,
            state=state,
            reason=status.reason if status else "not deployed yet",
            wanted=(status.wanted if status else 0) or deployment.replicas,
            restarts=application.restarts,
            manifest=Manifest.from_json(manifests[0]) if manifests else Manifest(),
            runners=runners,
        )

    # -- taking away -------------------------------------------------------------------------------

    def _take_away(self, application: Application, status: Status | None, now: float) -> None:
        """Delete what this server no longer wants, once it is idle, unless another server uses it."""
        if self._is_wanted(application.name):
            application.keys &= self._names.keys()
            return
        if application.leaving_since is None:
            application.leaving_since = now
        if status is None or _is_shared(application.replicas.values()):
            del self._applications[application.name]
        elif not application.is_deleted and self._is_idle(application, now):
            log.info("%s is deleted", application.name)
            self._cluster.delete(application.name)
            application.is_deleted = True
            # Wanted again, it starts from nothing.
            application.replicas, application.wanted = {}, 0
            application.applied = application.deployed_at = None

    def _is_wanted(self, name: str) -> bool:
        return bool(self._applications[name].keys & self._names.keys())

    @staticmethod
    def _is_idle(application: Application, now: float) -> bool:
        """Whether its replicas had nothing to do in two looks; requests may still have been on their way."""
        if any(replica["ongoing"] for replica in application.replicas.values()):
            application.idle_since = None
            return False
        if application.idle_since is None:
            application.idle_since = now
        return now - application.idle_since >= 0.5


def _runs(status: Status | None) -> bool:
    return status is not None and status.running > 0 and not status.is_leaving


def _is_shared(replicas: Iterable[dict[str, Any]]) -> bool:
    return any(each["others"] is not None and each["others"] < SHARED_SECONDS for each in replicas)


def _ongoing(application: Application) -> int:
    """Requests to hand to a replica at once; what it can run at once is known when it has loaded.

    Twice that, because an answer and the next request take milliseconds, in which it would be idle.
    """
    for replica in application.replicas.values():
        manifest = replica["manifest"]
        return 2 * int(manifest["concurrency"]) * int(manifest["max_batch_size"])
    return 1


def _process(replica: dict[str, Any]) -> ProcessState:
    return ProcessState(
        pid=replica["pid"],
        started=replica["started"],
        role="replica",
        device=f"{replica['device']}@{replica['node']}",
        memory_mb=replica["memory_mb"],
        node=replica["node"],
    )
