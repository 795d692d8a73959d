"""One application as an agent knows it, and the next step for it. Pure: all time is passed in.

Bringing up:

    the application           what is known of it                          step
    is leaving                                                             WAIT
    is not there              not deployed in the last AGAIN_SECONDS       DEPLOY
    is not there              deployed a moment ago                        WAIT
    has failed                not tried for this generation                DEPLOY
    is there                  another scale was applied                    DEPLOY
    is there                  not known what was applied                   ADOPT
    is there                  all is as it should be                       WAIT

Taking away, once nothing here wants it:

    is not there, or another server uses it                                FORGET
    is deleted already                                                     WAIT
    had nothing to do for IDLE_SECONDS                                     DELETE
    is busy                                                                WAIT
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import FAILED, LOADING, READY
from hub.serving.ray.desired_state import Deployment, DeploymentStatus
from hub.serving.ray.replica_messages import ReplicaReport

if TYPE_CHECKING:  # it imports Ray
    from hub.serving.ray.agent.shipping import Archive

#: Another server that asked after an application within this time uses it.
SHARED_SECONDS: Final = 10.0
#: An application that vanished is deployed again, but not more often than this.
AGAIN_SECONDS: Final = 5.0
#: Requests may still be on their way to a replica that has none just now.
IDLE_SECONDS: Final = 0.5


class Step(Enum):
    """The next step; ADOPT: take over what is there, FORGET: leave it to others."""

    WAIT = auto()
    DEPLOY = auto()
    ADOPT = auto()
    DELETE = auto()
    FORGET = auto()


@dataclass(frozen=True)
class ApplicationStatus:
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


class Scale(NamedTuple):
    """How much there is of an application; ``ongoing``: requests that a replica is handed at once."""

    replicas: int
    autoscaling: dict[str, Any] | None
    ongoing: int


@dataclass
class Application:
    """One application that this server wants, or wanted.

    Attributes:
        keys: the generations that it serves.
        tried: those for which it was deployed; one that failed is tried again for a new generation.
        applied: what was last asked of Ray Serve.
        replicas: by (node, pid, start time), what each reported last.
    """

    name: str
    archive: Archive | None
    keys: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    applied: Scale | None = None
    deployed_at: float | None = None
    replicas: dict[tuple[str, int, int], ReplicaReport] = field(default_factory=dict)
    wanted: int = 0
    restarts: int = 0
    idle_since: float | None = None
    is_deleted: bool = False

    def scale(self, deployment: Deployment) -> Scale:
        """Return what a deployment asks for.

        A replica is handed twice what it can run at once, because an answer and the next request take
        milliseconds, in which it would be idle; what it can run is known when one has loaded.
        """
        ongoing = deployment.max_ongoing_requests or 1
        if deployment.max_ongoing_requests is None and self.replicas:
            manifest = next(iter(self.replicas.values())).manifest
            ongoing = 2 * manifest.concurrency * manifest.largest_batch
        return Scale(deployment.replicas, deployment.autoscaling, ongoing)

    def bring_up(self, status: ApplicationStatus | None, deployment: Deployment, now: float) -> Step:
        """Return what makes it as a deployment wants it."""
        if status is None:
            is_due = self.deployed_at is None or now - self.deployed_at > AGAIN_SECONDS
            return Step.DEPLOY if is_due else Step.WAIT
        if status.is_leaving:
            return Step.WAIT
        if status.has_failed and deployment.key not in self.tried:
            return Step.DEPLOY
        if self.applied is None:
            return Step.ADOPT
        return Step.WAIT if self.applied == self.scale(deployment) else Step.DEPLOY

    def deployed(self, deployment: Deployment, now: float) -> None:
        """Keep that Ray Serve was told of a deployment."""
        self.applied, self.deployed_at, self.is_deleted = self.scale(deployment), now, False
        self.tried.add(deployment.key)

    def adopt(self, deployment: Deployment) -> None:
        """Take what another server, or an agent before, has deployed for what was applied."""
        self.is_deleted = False
        for report in self.replicas.values():
            self.applied = self.scale(deployment)._replace(ongoing=report.max_ongoing_requests)

    def observe(self, status: ApplicationStatus | None, reports: Sequence[ReplicaReport]) -> None:
        """Keep what replicas reported, and count those that went without having been let go."""
        running, wanted = (status.running, status.wanted) if status else (0, 0)
        fresh = {each.identity: each for each in reports}
        if len(fresh) < running:  # one was too busy to answer: its last report stands
            known = [(key, each) for key, each in self.replicas.items() if key not in fresh]
            fresh |= dict(known[: running - len(fresh)])
        gone = len(self.replicas.keys() - fresh.keys())
        let_go = max(0, self.wanted - wanted)
        self.restarts += max(0, gone - let_go)
        self.replicas, self.wanted = fresh, wanted

    def take_away(self, status: ApplicationStatus | None, now: float) -> Step:
        """Return what is done about it when nothing here wants it any more."""
        if status is None or is_shared(self.replicas.values()):
            return Step.FORGET
        if any(report.ongoing for report in self.replicas.values()):
            self.idle_since = None
            return Step.WAIT
        self.idle_since = now if self.idle_since is None else self.idle_since
        is_idle = now - self.idle_since >= IDLE_SECONDS
        return Step.DELETE if is_idle and not self.is_deleted else Step.WAIT

    def deleted(self) -> None:
        """Keep that Ray Serve was told to delete it. Wanted again, it starts from nothing."""
        self.is_deleted = True
        self.replicas, self.wanted = {}, 0
        self.applied = self.deployed_at = None

    def status(self, status: ApplicationStatus | None, deployment: Deployment) -> DeploymentStatus:
        """Return what the supervisor is told of a deployment."""
        reports = list(self.replicas.values())
        has_failed = status is not None and status.has_failed and deployment.key in self.tried
        return DeploymentStatus(
            application=self.name,
            state=READY if reports else FAILED if has_failed else LOADING,
            reason=status.reason if status else "not deployed yet",
            wanted=(status.wanted if status else 0) or deployment.replicas,
            restarts=self.restarts,
            manifest=reports[0].manifest if reports else Manifest(),
            runners=tuple(report.process for report in reports),
        )


def is_shared(reports: Iterable[ReplicaReport]) -> bool:
    """Tell whether another server uses an application."""
    return any(each.others is not None and each.others < SHARED_SECONDS for each in reports)
