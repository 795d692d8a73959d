"""What is done next about an application: a row of a table each. Needs no Ray."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.serving.messages.manifest import Manifest
from hub.serving.messages.state import ProcessState
from hub.serving.ray.agent.application import (
    AGAIN_SECONDS,
    IDLE_SECONDS,
    SHARED_SECONDS,
    Application,
    ApplicationStatus,
    Scale,
    Step,
)
from hub.serving.ray.replica_messages import ReplicaReport
from tests.serving.ray.deployments import deployment

pytestmark = pytest.mark.unit

NOW = 100.0
THERE = ApplicationStatus(is_leaving=False, has_failed=False, wanted=2, running=2, reason="")
LEAVING = replace(THERE, is_leaving=True)
FAILED = replace(THERE, has_failed=True, running=0)
WANTED = replace(deployment(replicas=2), max_ongoing_requests=4)
AS_WANTED = Scale(2, None, 4)


def report(pid: int = 1, **more: Any) -> ReplicaReport:
    manifest = Manifest(concurrency=3, max_batch_size=5)
    fields: dict[str, Any] = {"ongoing": 0, "others": None, "max_ongoing_requests": 7, **more}
    return ReplicaReport(ProcessState(pid, 1, "replica", node="far"), manifest, **fields)


def application(*reports: ReplicaReport, **known: Any) -> Application:
    made = Application("hub-greet-1", None, **known)
    made.replicas = {each.identity: each for each in reports}
    return made


@pytest.mark.parametrize(
    ("status", "known", "step"),
    [
        pytest.param(LEAVING, {}, Step.WAIT, id="leaving"),
        pytest.param(None, {}, Step.DEPLOY, id="never deployed"),
        pytest.param(None, {"deployed_at": NOW - 1}, Step.WAIT, id="deployed a moment ago"),
        pytest.param(None, {"deployed_at": NOW - AGAIN_SECONDS - 1}, Step.DEPLOY, id="vanished"),
        pytest.param(FAILED, {"applied": AS_WANTED}, Step.DEPLOY, id="failed for another generation"),
        pytest.param(
            FAILED, {"applied": AS_WANTED, "tried": {"greet@1"}}, Step.WAIT, id="failed for this generation"
        ),
        pytest.param(THERE, {"applied": Scale(1, None, 4)}, Step.DEPLOY, id="fewer replicas applied"),
        pytest.param(THERE, {"applied": Scale(2, None, 3)}, Step.DEPLOY, id="fewer requests applied"),
        pytest.param(THERE, {}, Step.ADOPT, id="there, but not by us"),
        pytest.param(THERE, {"applied": AS_WANTED}, Step.WAIT, id="as it should be"),
    ],
)
def test_what_brings_an_application_up(
    status: ApplicationStatus | None, known: dict[str, Any], step: Step
) -> None:
    assert application(**known).bring_up(status, WANTED, NOW) is step


@pytest.mark.parametrize(
    ("status", "reports", "known", "step"),
    [
        pytest.param(None, [], {}, Step.FORGET, id="gone"),
        pytest.param(THERE, [report(others=1.0)], {}, Step.FORGET, id="another server uses it"),
        pytest.param(THERE, [report(others=SHARED_SECONDS)], {}, Step.WAIT, id="another server used it"),
        pytest.param(THERE, [report()], {}, Step.WAIT, id="idle since now"),
        pytest.param(THERE, [report()], {"idle_since": NOW - IDLE_SECONDS}, Step.DELETE, id="idle for long"),
        pytest.param(
            THERE, [report(ongoing=1)], {"idle_since": NOW - IDLE_SECONDS}, Step.WAIT, id="busy again"
        ),
        pytest.param(
            THERE, [], {"idle_since": NOW - IDLE_SECONDS, "is_deleted": True}, Step.WAIT, id="deleted already"
        ),
    ],
)
def test_how_an_application_goes(
    status: ApplicationStatus | None, reports: list[ReplicaReport], known: dict[str, Any], step: Step
) -> None:
    assert application(*reports, **known).take_away(status, NOW) is step


def test_a_busy_look_starts_the_wait_anew() -> None:
    going = application(report(ongoing=1), idle_since=NOW - IDLE_SECONDS)
    going.take_away(THERE, NOW)
    going.observe(THERE, [report()])

    assert going.take_away(THERE, NOW + 0.1) is Step.WAIT
    assert going.take_away(THERE, NOW + 0.1 + IDLE_SECONDS) is Step.DELETE


def test_what_another_server_deployed_is_adopted_with_the_requests_that_it_chose() -> None:
    found = application(report())
    found.adopt(WANTED)

    assert found.applied == Scale(2, None, 7)
    assert found.bring_up(THERE, WANTED, NOW) is Step.DEPLOY


def test_a_replica_is_handed_twice_what_it_runs_at_once_as_soon_as_that_is_known() -> None:
    unsaid = replace(WANTED, max_ongoing_requests=None)

    assert application().scale(unsaid).ongoing == 1
    assert application(report()).scale(unsaid).ongoing == 2 * 3 * 5
    assert application(report()).scale(WANTED).ongoing == 4


@pytest.mark.parametrize(
    ("running", "wanted", "reports", "restarts"),
    [
        pytest.param(2, 2, [report(1), report(3)], 1, id="one died"),
        pytest.param(1, 1, [report(1)], 0, id="one was let go"),
        pytest.param(2, 2, [report(1)], 0, id="one was too busy to answer"),
        pytest.param(1, 2, [report(1)], 1, id="one died and is not replaced yet"),
    ],
)
def test_what_counts_as_a_restart(
    running: int, wanted: int, reports: list[ReplicaReport], restarts: int
) -> None:
    known = application(report(1), report(2), wanted=2)
    known.observe(replace(THERE, running=running, wanted=wanted), reports)

    assert known.restarts == restarts
    assert len(known.replicas) == running
