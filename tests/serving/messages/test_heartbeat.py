"""How a hung runner is told from one that works and from one that has nothing to do."""

from __future__ import annotations

import os

import pytest

from hub.serving.messages.heartbeat import MAX_SLOTS, Beat, Heartbeat, hung

pytestmark = pytest.mark.unit


def test_what_a_runner_writes_the_supervisor_reads() -> None:
    descriptor = Heartbeat.create()
    runner, supervisor = (Heartbeat(descriptor, 2) for _ in range(2))
    os.close(descriptor)
    before = supervisor.read()
    runner.idle(0)
    runner.busy(1)
    runner.served(1, 3)
    runner.served(1, 2)
    idle, busy = supervisor.read()
    runner.idle(1)
    done = supervisor.read()[1]
    for mapped in (runner, supervisor):
        mapped.close()

    assert before == [Beat(None, 0.0, 0)] * 2
    assert (idle.busy_since, idle.tick > 0, idle.served) == (None, True, 0)
    assert (busy.busy_since, busy.served) == (busy.tick, 5)
    assert (done.busy_since, done.served) == (None, 5)


def test_more_slots_than_there_are_are_not_read() -> None:
    descriptor = Heartbeat.create()
    beat = Heartbeat(descriptor, MAX_SLOTS + 10)
    os.close(descriptor)

    assert len(beat.read()) == MAX_SLOTS
    beat.close()


@pytest.mark.parametrize(
    ("beats", "why"),
    [
        pytest.param([Beat(95.0, 95.0, 0)], None, id="busy, not for long"),
        pytest.param([Beat(80.0, 80.0, 0)], "busy with one batch for 20 s", id="busy for too long"),
        pytest.param([Beat(None, 99.0, 0)], None, id="idle, ticking"),
        pytest.param([Beat(None, 93.0, 0)], "idle without a sign of life for 7 s", id="idle, silent"),
        pytest.param([Beat(None, 0.0, 0)], None, id="not yet begun"),
        pytest.param([Beat(None, 99.0, 0), Beat(80.0, 80.0, 0)], "busy", id="one thread of two"),
        pytest.param([], None, id="no threads"),
        pytest.param([Beat(95.0, 95.0, 0), Beat(None, 50.0, 0)], None, id="silent beside a busy one"),
        pytest.param([Beat(80.0, 80.0, 0), Beat(None, 50.0, 0)], "busy", id="one busy too long"),
    ],
)
def test_a_runner_is_hung_when_one_of_its_threads_is(beats: list[Beat], why: str | None) -> None:
    found = hung(beats, now=100.0, hang_timeout=10.0, idle_timeout=5.0)

    assert (found is None) == (why is None)
    assert why is None or why in (found or "")


@pytest.mark.parametrize("beats", [[Beat(20.0, 20.0, 0)], [Beat(None, 20.0, 0)]], ids=["busy", "idle"])
def test_the_time_before_a_pause_of_the_machine_is_not_held_against_a_runner(beats: list[Beat]) -> None:
    on_going_on = hung(beats, now=100.0, hang_timeout=10.0, idle_timeout=5.0, since=99.0)
    later = hung(beats, now=112.0, hang_timeout=10.0, idle_timeout=5.0, since=99.0)

    assert on_going_on is None
    assert later is not None
