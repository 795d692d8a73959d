"""hub.spare_memory: what gives its memory back, and when a runner says so."""

from __future__ import annotations

import gc

import pytest

from hub import spare_memory
from hub.serving.process.memory import Trimmer


class Keeper:
    """Counts how often it was told to give memory back."""

    def __init__(self) -> None:
        self.times = 0
        spare_memory.register(self.release)

    def release(self) -> None:
        self.times += 1


def test_all_that_are_registered_are_told_and_those_that_ended_are_not() -> None:
    first, second = Keeper(), Keeper()
    spare_memory.release()
    del second
    gc.collect()
    spare_memory.release()
    assert first.times == 2


def test_memory_is_given_back_once_after_work_when_idle() -> None:
    keeper, trimmer = Keeper(), Trimmer(seconds=60, idle_seconds=0)
    trimmer.trim_when_due()
    assert keeper.times == 0
    trimmer.worked()
    trimmer.trim_when_due()
    trimmer.trim_when_due()
    assert keeper.times == 1


@pytest.mark.parametrize(("busy_seconds", "times"), [(60, 0), (0, 1)])
def test_between_works_it_is_given_back_after_the_longer_time_only(busy_seconds: float, times: int) -> None:
    keeper, trimmer = Keeper(), Trimmer(seconds=60, idle_seconds=60, busy_seconds=busy_seconds)
    trimmer.worked()
    trimmer.worked()
    trimmer.trim_when_due()
    assert keeper.times == times
