"""Counters that other processes read, and what becomes of them where the disk is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict

from hub.serving.gateway import counter_file
from hub.serving.gateway.counter_file import CounterFile, changing, fold, reading

pytestmark = pytest.mark.unit


def seen(path: Path) -> dict[str, float]:
    """Return what a reader finds in a file."""
    return {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(path)}  # type: ignore[no-untyped-call]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "counter_1.db"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        patch.setattr(counter_file, "LOOK_SECONDS", 0.0)
        yield patch


def test_what_is_counted_is_read_from_the_file(path: Path) -> None:
    counters = CounterFile(str(path))
    counters.write_value("a", 1.0, 0.0)
    counters.write_value("a", 2.0, 5.0)
    counters.write_value("数", 7.0, 0.0)

    assert seen(path) == {"a": 2.0, "数": 7.0}
    assert (counters.read_value("a"), counters.read_value("new")) == ((2.0, 5.0), (0.0, 0.0))
    counters.close()


def test_all_blocks_of_a_file_are_there_before_it_is_used(path: Path) -> None:
    counters = CounterFile(str(path))
    status = path.stat()

    assert status.st_blocks * 512 >= status.st_size == counter_file.SIZE
    counters.close()


def test_more_counters_than_the_file_has_room_for_make_it_grow(path: Path) -> None:
    counters = CounterFile(str(path))
    keys = [f"{number:0500}" for number in range(400)]
    for number, key in enumerate(keys):
        counters.write_value(key, float(number), 0.0)

    assert seen(path) == {key: float(number) for number, key in enumerate(keys)}
    assert path.stat().st_size == 4 * counter_file.SIZE
    counters.close()


def test_a_counter_that_is_read_before_it_is_set_may_make_it_grow(path: Path) -> None:
    counters = CounterFile(str(path))

    assert {counters.read_value(f"{number:0500}") for number in range(400)} == {(0.0, 0.0)}
    counters.close()


def test_without_room_it_counts_in_memory_and_goes_on_in_the_file_later(
    path: Path, full_disk: pytest.MonkeyPatch
) -> None:
    counters = CounterFile(str(path))
    counters.write_value("a", 3.0, 0.0)
    before = path.exists()
    full_disk.undo()
    counters.write_value("a", 4.0, 0.0)

    assert not before
    assert seen(path) == {"a": 4.0}
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    counters.close()


def test_a_file_that_cannot_grow_loses_no_count(path: Path, full_disk: pytest.MonkeyPatch) -> None:
    full_disk.undo()
    counters = CounterFile(str(path))
    counters.write_value("a", 3.0, 0.0)
    full_disk.setattr(counter_file, "_allocated", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "")))
    for number in range(200):
        counters.write_value(f"{number:0500}", 1.0, 0.0)

    assert counters.read_value("a") == (3.0, 0.0)
    assert counters.read_value(f"{199:0500}") == (1.0, 0.0)
    counters.close()


def test_a_file_that_was_removed_is_made_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter_file, "LOOK_SECONDS", 0.0)
    counters = CounterFile(str(path))
    counters.write_value("a", 3.0, 0.0)
    path.unlink()
    counters.write_value("a", 4.0, 0.0)

    assert seen(path) == {"a": 4.0}
    counters.close()


def test_between_two_looks_a_count_asks_the_file_system_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counter_file, "LOOK_SECONDS", 60.0)
    counters = CounterFile(str(path))
    monkeypatch.setattr(counters, "_next_look", 0.0)
    looks: list[Path] = []
    monkeypatch.setattr(Path, "exists", lambda self, **_: not looks.append(self))  # type: ignore[func-returns-value]

    for value in range(5):
        counters.write_value("requests", float(value), 0.0)

    assert looks == [path]


def test_the_counters_of_the_dead_are_added_up_in_one_file(tmp_path: Path) -> None:
    total = tmp_path / "counter_gone.db"
    for first, second in ((1.0, 2.0), (10.0, 20.0)):
        dead = [tmp_path / "counter_1.db", tmp_path / "counter_2.db"]
        for file, value in zip(dead, (first, second), strict=True):
            counters = CounterFile(str(file))
            counters.write_value("a", value, 0.0)
            counters.write_value(file.stem, value, 0.0)
            counters.close()
        fold(dead, total)

    assert [entry.name for entry in tmp_path.iterdir()] == [total.name]
    assert seen(total) == {"a": 33.0, "counter_1": 11.0, "counter_2": 22.0}


def test_nobody_changes_the_files_while_they_are_read(tmp_path: Path) -> None:
    with reading(tmp_path), reading(tmp_path), pytest.raises(BlockingIOError), changing(tmp_path):
        pass
    with changing(tmp_path):
        pass
