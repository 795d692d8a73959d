"""When the benchmark says of a server that it does not grow any more."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from benchmarks import soak
from benchmarks.soak import Sample

pytestmark = pytest.mark.unit


def samples(memory_mb: Callable[[int], float], files: Callable[[int], int] = lambda _: 11) -> list[Sample]:
    return [Sample(5.0 * each, memory_mb(each), 79, 48, files(each)) for each in range(240)]


def test_what_grows_at_first_and_then_stays_levels_off() -> None:
    assert soak.growth(samples(lambda number: 900 + min(number, 100) * 5)) == []


def test_what_grows_evenly_does_not() -> None:
    (line,) = soak.growth(samples(lambda number: 900 + number))

    assert line == "memory_mb grew from 1049.5 in the third quarter to 1109.5 in the last"


def test_a_file_now_and_then_is_found() -> None:
    assert len(soak.growth(samples(lambda _: 900, files=lambda number: 11 + number // 20))) == 1


def test_a_few_samples_say_nothing() -> None:
    assert "too few" in soak.growth(samples(lambda _: 900)[:3])[0]


@pytest.mark.slow
def test_every_size_is_sent_to_both_endpoints_and_one_in_twenty_is_a_pdf() -> None:
    made = list(itertools.islice(soak.bodies(), 2 * soak.SIZES))
    paths = [request.split()[1] for request, _ in made]
    both = {number % soak.SIZES for number, path in enumerate(paths) if path == b"/predict/ocr_system"}

    pdf = sum(b'"fileType": 0' in request for request, _ in made)
    assert pdf == 2 * soak.SIZES / soak.PDF_EVERY
    assert len(both) == soak.SIZES - soak.SIZES / soak.PDF_EVERY
