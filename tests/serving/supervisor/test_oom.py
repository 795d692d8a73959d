"""Which SIGKILL was the kernel's: its counters are looked at before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.serving.supervisor import oom
from hub.serving.supervisor.oom import DYING_SECONDS, LOOK_SECONDS, OomWatch

pytestmark = pytest.mark.unit


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The counters of the machine and of a control group."""
    machine, group = tmp_path / "vmstat", tmp_path / "memory.events"
    machine.write_text("nr_free_pages 7\noom_kill 3\n")
    group.write_text("low 0\noom 1\noom_kill 2\noom_group_kill 0\n")
    monkeypatch.setattr(oom, "VMSTAT", machine)
    monkeypatch.setattr(oom, "_group_files", lambda: iter([group]))
    return machine, group


def test_victims_of_the_time_before_do_not_count(files: tuple[Path, Path]) -> None:
    assert not OomWatch().has_struck(1.0)


@pytest.mark.parametrize("number", [0, 1], ids=["machine", "group"])
def test_a_counter_that_grew_tells_of_a_victim_for_a_while(files: tuple[Path, Path], number: int) -> None:
    watch = OomWatch()
    path = files[number]
    path.write_text(path.read_text().replace("oom_kill ", "oom_kill 1"))

    assert watch.has_struck(1.0)
    assert watch.has_struck(1.0 + DYING_SECONDS)
    assert not watch.has_struck(1.1 + DYING_SECONDS)


def test_a_victim_that_takes_its_time_to_die_is_known_by_looking_often(files: tuple[Path, Path]) -> None:
    watch = OomWatch()
    files[0].write_text("oom_kill 4\n")
    for number in range(10):
        watch.look(1.0 + number * LOOK_SECONDS)

    assert watch.has_struck(4.0)


def test_a_kernel_without_counters_has_no_victims(files: tuple[Path, Path]) -> None:
    watch = OomWatch()
    for path in files:
        path.unlink()

    assert not watch.has_struck(1.0)
