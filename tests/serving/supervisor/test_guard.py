"""A step that fails is tried again after growing pauses, and told once."""

from __future__ import annotations

import itertools
import logging

import pytest

from hub.serving.supervisor.guard import FIRST_PAUSE, LONGEST_PAUSE, Guard, Guards

pytestmark = pytest.mark.unit


class Step:
    """Fails as long as there is an error, and counts how often it was taken."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.taken = 0

    def __call__(self) -> None:
        self.taken += 1
        if self.error is not None:
            raise self.error


FULL = OSError(28, "No space left on device")


def test_a_step_that_fails_raises_nothing_and_is_not_taken_again_before_its_pause_is_over() -> None:
    guard, step = Guard("writing"), Step(FULL)
    first = guard.run(step, 100.0)
    guard.run(step, 100.0 + FIRST_PAUSE / 2)
    early = step.taken
    guard.run(step, 100.0 + FIRST_PAUSE)

    assert (first, early, step.taken) == (False, 1, 2)


def test_pauses_grow_to_a_limit_and_begin_anew_after_a_success() -> None:
    guard, step, now, times = Guard("writing"), Step(FULL), 0.0, []
    while len(times) < 12:
        if guard.run(step, now) or step.taken > len(times):
            times.append(now)
        now += FIRST_PAUSE / 4
    step.error = None
    guard.run(step, now + LONGEST_PAUSE)
    step.error = FULL
    guard.run(step, now + LONGEST_PAUSE)
    pauses = [round(after - before, 3) for before, after in itertools.pairwise(times)]

    assert pauses == sorted(pauses)
    assert max(pauses) <= LONGEST_PAUSE + FIRST_PAUSE
    assert not guard.is_pausing(now + LONGEST_PAUSE + FIRST_PAUSE)


def test_a_reason_is_logged_once_and_so_is_the_end_of_it(caplog: pytest.LogCaptureFixture) -> None:
    guard, step = Guard("writing"), Step(FULL)
    with caplog.at_level(logging.INFO, "hub.supervisor"):
        for number in range(20):
            guard.run(step, 10.0 * number)
        step.error = None
        guard.run(step, 1000.0)
        guard.run(step, 1001.0)

    assert [record.getMessage() for record in caplog.records] == [
        "writing: No space left on device; it is tried again until it works",
        "writing: it works again",
    ]


def test_a_mistake_of_ours_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    Guard("writing").run(Step(KeyError("gone")), 1.0)

    assert caplog.records[0].exc_info is not None


def test_one_step_does_not_wait_for_another() -> None:
    guards, bad, good = Guards(), Step(FULL), Step()
    for now in (1.0, 1.0 + FIRST_PAUSE / 2):
        guards.run("bad", bad, now)
        guards.run("good", good, now)

    assert (bad.taken, good.taken) == (1, 2)
    assert guards.is_pausing("bad", 1.0)
    assert not guards.is_pausing("good", 1.0)
