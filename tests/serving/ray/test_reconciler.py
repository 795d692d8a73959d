"""What the agent does about what is wanted and what is there. The cluster is a table here: several servers
share it, and time is what the test says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hub.errors import WeightsError
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import FAILED, LOADING, READY, ProcessState
from hub.serving.ray.agent.application import AGAIN_SECONDS, SHARED_SECONDS, ApplicationStatus
from hub.serving.ray.agent.reconciler import Reconciler
from hub.serving.ray.desired_state import Deployment, DesiredState, ObservedState
from hub.serving.ray.replica_messages import ReplicaReport
from tests.serving.ray.deployments import deployment

MANIFEST = Manifest(concurrency=2, max_batch_size=3)


@dataclass
class Table:
    """Applications on a cluster that brings up what it is told at once.

    Attributes:
        calls: what it was told, oldest first.
        asked: application → server → when that one asked last.
        takes_time: what is deleted stays in ``leaving`` until the test forgets it.
    """

    now: float = 0.0
    running: dict[str, int] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)
    takes_time: bool = False
    limits: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    ongoing: int = 0
    pids: dict[str, list[int]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    asked: dict[str, dict[str, float]] = field(default_factory=dict)
    serial: int = 100

    def start(self, application: str, replicas: int, limit: int) -> None:
        known = self.pids.setdefault(application, [])
        while len(known) < replicas:
            self.serial += 1
            known.append(self.serial)
        del known[replicas:]
        self.running[application], self.limits[application] = replicas, limit

    def lose(self, application: str) -> None:
        """One replica dies and another takes its place."""
        self.pids[application].pop(0)
        self.start(application, self.running[application], self.limits[application])

    def forget(self, application: str) -> None:
        self.leaving.discard(application)
        for table in (self.running, self.pids, self.asked):
            table.pop(application, None)


class End:
    """One server's connection to the table."""

    def __init__(self, table: Table, server: str) -> None:
        self.table = table
        self.server = server

    def statuses(self) -> dict[str, ApplicationStatus]:
        table = self.table
        return {
            name: ApplicationStatus(
                name in table.leaving, name in table.failed, count, 0 if name in table.failed else count, ""
            )
            for name, count in table.running.items()
        }

    def deploy(self, application: str, deployment: Deployment, uri: str | None, ongoing: int) -> None:
        self.table.calls.append(("deploy", application))
        self.table.start(application, deployment.replicas, ongoing)

    def delete(self, application: str) -> None:
        self.table.calls.append(("delete", application))
        if self.table.takes_time:
            self.table.leaving.add(application)
        else:
            self.table.forget(application)

    def describe(self, applications: Mapping[str, bool]) -> dict[str, list[ReplicaReport]]:
        return {
            name: [self._one(name, pid, is_leaving) for pid in self.table.pids[name]]
            for name, is_leaving in applications.items()
        }

    def _one(self, name: str, pid: int, is_leaving: bool) -> ReplicaReport:
        asked, now = self.table.asked.setdefault(name, {}), self.table.now
        asked.pop(self.server, None) if is_leaving else asked.update({self.server: now})
        others = [now - when for server, when in asked.items() if server != self.server]
        return ReplicaReport(
            process=ProcessState(pid, 1, "replica", node="far"),
            manifest=MANIFEST,
            max_ongoing_requests=self.table.limits[name],
            ongoing=self.table.ongoing,
            others=min(others, default=None),
        )


class NoShipper:
    def pack(self, deployment: Deployment) -> Any:
        raise WeightsError("the weights x are not on this machine")

    def keep(self, archive: Any) -> None:
        raise AssertionError("nothing is sent")


class Server:
    """One server's agent; ``step`` lets time pass and looks once."""

    def __init__(self, table: Table, name: str = "a") -> None:
        self.table = table
        self.reconciler = Reconciler(End(table, name), NoShipper())

    def step(self, *deployments: Deployment, seconds: float = 1.0) -> ObservedState:
        self.table.now += seconds
        return self.reconciler.step(DesiredState(1, deployments), self.table.now)


@pytest.fixture
def table() -> Table:
    return Table()


def test_what_is_wanted_is_deployed_once(table: Table) -> None:
    server = Server(table)
    for _ in range(4):
        seen = server.step(deployment())
    (application,) = table.running

    assert application.startswith("hub-greet-")
    assert seen.deployments["greet@1"].state == READY
    assert seen.deployments["greet@1"].application == application
    # The second time it is told how many requests the module takes at once, which is known only then.
    assert table.calls == [("deploy", application)] * 2
    assert table.limits[application] == 2 * MANIFEST.concurrency * MANIFEST.max_batch_size


def test_more_replicas_are_the_same_application(table: Table) -> None:
    server = Server(table)
    server.step(deployment())
    server.step(deployment())
    for _ in range(3):
        seen = server.step(deployment(1), deployment(2, replicas=3))
    (application,) = table.running

    assert table.running[application] == 3
    assert len(seen.deployments["greet@2"].runners) == 3
    assert ("delete", application) not in table.calls


def test_other_arguments_are_another_application_beside_the_first(table: Table) -> None:
    server = Server(table)
    server.step(deployment())
    server.step(deployment(1), deployment(2, init_args={"word": "bye"}))

    assert len(table.running) == 2


def test_other_files_are_another_application(table: Table, tmp_path: Path) -> None:
    server = Server(table)
    folder = tmp_path / "greet"
    folder.mkdir()
    (folder / "module.py").write_text("VERSION = 1")
    server.step(deployment(1, directory=str(folder)))
    (folder / "module.py").write_text("VERSION = 2")
    server.step(deployment(1, directory=str(folder)), deployment(2, directory=str(folder)))

    assert len(table.running) == 2


def test_what_is_no_longer_wanted_goes_when_it_is_idle(table: Table) -> None:
    server = Server(table)
    server.step(deployment())
    (application,) = table.running
    table.ongoing = 1
    seen = [server.step(seconds=5.0) for _ in range(3)][-1]
    assert seen.leaving == ("greet@1",)
    assert application in table.running
    table.ongoing = 0
    for _ in range(3):
        seen = server.step()

    assert table.running == {}
    assert seen.leaving == ()


@pytest.mark.parametrize("who", ["a", "b"])
def test_what_is_just_going_is_not_ready_but_comes_again(table: Table, who: str) -> None:
    table.takes_time = True
    server = Server(table)
    server.step(deployment())
    (application,) = table.running
    for _ in range(3):
        server.step()
    assert table.leaving == {application}
    wanting = server if who == "a" else Server(table, who)
    assert wanting.step(deployment(2)).deployments["greet@2"].state == LOADING
    table.forget(application)
    for _ in range(2):
        seen = wanting.step(deployment(2))

    assert seen.deployments["greet@2"].state == READY


def test_a_second_server_with_the_same_uses_what_is_there(table: Table) -> None:
    first, second = Server(table, "a"), Server(table, "b")
    for _ in range(3):
        first.step(deployment())
    before = list(table.calls)
    for _ in range(3):
        seen = second.step(deployment(7))

    assert seen.deployments["greet@7"].state == READY
    assert table.calls == before


def test_what_another_server_uses_stays(table: Table) -> None:
    first, second = Server(table, "a"), Server(table, "b")
    first.step(deployment())
    second.step(deployment())
    for _ in range(3):
        seen = first.step()
        second.step(deployment())

    assert seen.leaving == ()
    assert len(table.running) == 1


def test_the_last_server_takes_it_away(table: Table) -> None:
    first, second = Server(table, "a"), Server(table, "b")
    first.step(deployment())
    second.step(deployment())
    second.step()
    assert len(table.running) == 1
    for _ in range(3):
        first.step()

    assert table.running == {}


def test_of_two_that_leave_at_once_one_takes_it_away(table: Table) -> None:
    first, second = Server(table, "a"), Server(table, "b")
    first.step(deployment())
    second.step(deployment())
    for _ in range(3):
        first.step(seconds=0.3)
        second.step(seconds=0.3)

    assert table.running == {}
    assert [what for what, _ in table.calls].count("delete") == 1


def test_a_server_that_was_killed_does_not_count_for_ever(table: Table) -> None:
    first, second = Server(table, "a"), Server(table, "b")
    first.step(deployment())
    second.step(deployment())
    first.step(deployment(), seconds=SHARED_SECONDS + 1)
    for _ in range(3):
        first.step()

    assert table.running == {}


def test_a_server_that_loses_its_supervisor_deletes_what_only_it_uses(table: Table) -> None:
    first, second = Server(table, "a"), Server(table, "b")
    own, common = deployment(module="probe"), deployment()
    first.step(own, common)
    second.step(common)
    first.step(own, common)
    first.reconciler.leave()

    assert [name for name in table.running if name.startswith("hub-probe")] == []
    assert len(table.running) == 1


def test_what_vanished_from_the_cluster_is_deployed_again_but_not_at_once(table: Table) -> None:
    server = Server(table)
    server.step(deployment())
    (application,) = table.running
    table.forget(application)
    assert server.step(deployment()).deployments["greet@1"].state == LOADING
    server.step(deployment(), seconds=AGAIN_SECONDS)

    assert application in table.running


def test_what_failed_is_tried_again_for_a_new_generation_only(table: Table) -> None:
    server = Server(table)
    server.step(deployment())
    (application,) = table.running
    table.failed.add(application)
    table.pids[application] = []
    for _ in range(3):
        seen = server.step(deployment())
    assert seen.deployments["greet@1"].state == FAILED
    deployed = len(table.calls)
    table.failed.clear()
    table.failed.add(application)
    server.step(deployment(2))

    assert len(table.calls) == deployed + 1


def test_a_replica_that_died_is_counted_and_one_that_was_let_go_is_not(table: Table) -> None:
    server = Server(table)
    for _ in range(3):
        server.step(deployment(replicas=3))
    (application,) = table.running
    table.lose(application)
    assert server.step(deployment(replicas=3)).deployments["greet@1"].restarts == 1
    for _ in range(3):
        seen = server.step(deployment(2, replicas=1))

    assert seen.deployments["greet@2"].restarts == 1


def test_what_cannot_be_packed_has_failed_with_the_reason(table: Table) -> None:
    seen = Server(table).step(replace(deployment(), is_shared=False))

    assert seen.deployments["greet@1"].state == FAILED
    assert seen.deployments["greet@1"].reason == "the weights x are not on this machine"
