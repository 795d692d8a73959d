"""What the benchmark of attacks makes of an honest caller's calls, and of a server's resources."""

from __future__ import annotations

import pytest

from benchmarks.attack_caller import Row
from benchmarks.attack_figures import Resources, left_over, missed, phase

pytestmark = pytest.mark.unit

AT_REST = Resources(memory_mb=170.0, descriptors=85, threads=40)


def calls(count: int, seconds: float | None = 0.01, code: int = 200) -> list[Row]:
    return [(False, float(number), seconds, code) for number in range(count)]


def test_a_call_belongs_to_the_phase_in_which_it_began() -> None:
    rows = [*calls(10), (True, 3.5, 0.02, 200)]

    found = phase(rows, 2.0, 5.0)

    assert (found.calls, found.seconds, found.slowest_health) == (4, (0.01, 0.01, 0.01), 0.02)


def test_no_answer_a_refusal_and_another_answer_are_told_apart() -> None:
    rows = calls(5) + calls(1, None, 0) + calls(2, code=503) + calls(1, code=429) + calls(1, code=500)

    found = phase(rows, 0.0, 10.0)

    assert (found.lost, found.refused, found.failed, found.errors) == (1, 3, 1, 5)


def test_one_call_in_a_hundred_may_be_lost_and_no_more() -> None:
    before = phase(calls(100), 0.0, 1000.0)

    assert missed(before, phase(calls(99) + calls(1, None, 0), 0.0, 1000.0)) == []
    assert missed(before, phase(calls(98) + calls(2, None, 0), 0.0, 1000.0)) == [
        "2 lost, 0 refused and 0 failed of 100"
    ]


@pytest.mark.parametrize(
    ("before_s", "during_s", "floor_s", "is_missed"),
    [(0.01, 0.19, 0.2, False), (0.01, 0.21, 0.2, True), (0.1, 0.29, 0.2, False), (0.01, 0.04, 0.0, True)],
)
def test_p99_may_be_three_times_that_of_before_or_so_long(
    before_s: float, during_s: float, floor_s: float, is_missed: bool
) -> None:
    before, during = (phase(calls(100, seconds), 0.0, 1000.0) for seconds in (before_s, during_s))

    assert bool(missed(before, during, floor_seconds=floor_s)) is is_missed


def test_a_caller_who_got_no_answer_at_all_is_no_success() -> None:
    assert missed(phase(calls(100), 0.0, 1000.0), phase(calls(100, None, 0), 0.0, 1000.0))
    assert missed(phase([], 0.0, 1.0), phase(calls(100), 0.0, 1000.0))


def test_a_server_may_keep_fifty_megabytes_and_no_descriptors_or_threads() -> None:
    assert left_over(AT_REST, Resources(memory_mb=219.0, descriptors=86, threads=41)) == []
    assert left_over(AT_REST, Resources(memory_mb=221.0, descriptors=95, threads=60)) == [
        "170 MB before, 221 MB after",
        "85 descriptors before, 95 after",
        "40 threads before, 60 after",
    ]
