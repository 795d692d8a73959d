"""The bytes of bodies, counted over processes."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from hub.serving.gateway.inflight import InflightBytes

pytestmark = pytest.mark.unit


def test_bytes_are_booked_up_to_the_limit_and_released() -> None:
    bytes_held = InflightBytes(100)

    assert bytes_held.book(60)
    assert not bytes_held.book(41)
    bytes_held.release(60)
    assert bytes_held.book(100)
    assert bytes_held.held == 100


def hold(path: Path, size: int, booked: Any, let_go: Any) -> None:
    InflightBytes(100, path).book(size)
    booked.set()
    let_go.wait(20)
    os._exit(1)  # as a killed process does: it takes nothing back


def test_the_limit_holds_for_all_processes_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    mine = InflightBytes(100, tmp_path / "inflight")
    spawn = multiprocessing.get_context("spawn")
    booked, let_go = spawn.Event(), spawn.Event()
    other = spawn.Process(target=hold, args=(tmp_path / "inflight", 70, booked, let_go))
    other.start()
    assert booked.wait(20)
    while_it_lives = mine.book(40)
    let_go.set()
    other.join(20)
    successor = InflightBytes(100, tmp_path / "inflight")  # takes the place of the dead

    assert not while_it_lives
    assert successor.book(90)
    assert not mine.book(20)


def test_a_file_that_cannot_be_made_costs_the_common_count_and_nothing_else(tmp_path: Path) -> None:
    bytes_held = InflightBytes(100, tmp_path / "absent" / "inflight")

    assert bytes_held.book(100)
    assert not bytes_held.book(1)
