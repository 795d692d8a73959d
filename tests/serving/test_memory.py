"""What was freed goes back to the system: large blocks at once, the rest after work and when it is due.

Each in a process of its own, whose heap has nothing in it that other tests left.
"""

from __future__ import annotations

import ctypes
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from hub.serving.process.memory import Trimmer

LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
LIBC.malloc.argtypes = [ctypes.c_size_t]
LIBC.free.argtypes = [ctypes.c_void_p]
BLOCK = 16_384
COUNT = 6_400  # 100 MB

pytestmark = pytest.mark.skipif(not hasattr(LIBC, "malloc_trim"), reason="malloc_trim is glibc's")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def allocated(size: int) -> int:
    block: int = LIBC.malloc(size)
    ctypes.memset(block, 1, size)
    return block


def make_holes() -> None:
    """Of 100 MB in small blocks free all but every hundredth."""
    for number, block in enumerate([allocated(BLOCK) for _ in range(COUNT)]):
        if number % 100:
            LIBC.free(block)


def in_a_fresh_process(measure: Callable[[], list[float]]) -> list[float]:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(measure).result(60)


def before_and_after_work() -> list[float]:
    trimmer = Trimmer(seconds=0)
    make_holes()
    sizes = [resident_mb()]
    trimmer.trim_when_due()
    sizes.append(resident_mb())
    trimmer.worked()
    trimmer.trim_when_due()
    return [*sizes, resident_mb()]


def test_freed_memory_is_given_back_after_work() -> None:
    full, idle, worked = in_a_fresh_process(before_and_after_work)
    assert idle > full - 10
    assert worked < full - 50


def before_it_is_due() -> list[float]:
    trimmer = Trimmer(seconds=60)
    make_holes()
    full = resident_mb()
    trimmer.worked()
    trimmer.trim_when_due()
    return [full, resident_mb()]


def test_nothing_is_done_before_it_is_due() -> None:
    full, early = in_a_fresh_process(before_it_is_due)
    assert early > full - 10


def large_blocks() -> list[float]:
    """Memory before, with, and after a large block, one after the other; none lies at the end of the heap."""
    Trimmer().expect_images()
    sizes = []
    for _ in range(3):  # without a limit of ours the first to be freed would raise the library's
        sizes.append(resident_mb())
        block = allocated(20_000_000)
        allocated(BLOCK)
        sizes.append(resident_mb())
        LIBC.free(block)
        sizes.append(resident_mb())
    return sizes


def test_large_blocks_go_back_at_once_however_often_they_were_used() -> None:
    sizes = in_a_fresh_process(large_blocks)
    for before, during, after in zip(sizes[::3], sizes[1::3], sizes[2::3], strict=True):
        assert during > before + 15
        assert after < before + 5


def end_of_the_heap() -> list[float]:
    """Page faults of 50 blocks of 1 MB, one after the other, each free before the next."""
    Trimmer().expect_images()
    LIBC.free(allocated(1_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        LIBC.free(allocated(1_000_000))
    return [resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before]


def test_what_lies_at_the_end_of_the_heap_stays_until_it_is_due() -> None:
    (faults,) = in_a_fresh_process(end_of_the_heap)
    assert faults < 1_000  # with each block given back at once: 50 × 244
