"""A number that processes share, and what is made of it: places, turns and shares of connections."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from hub import container
from hub.errors import QueueFullError
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway.admission import Admission
from hub.serving.gateway.context import http_workers
from hub.serving.gateway.fair_share import FairShare
from hub.serving.gateway.inflight import InflightBytes
from hub.serving.gateway.json_structure import _Turns
from hub.serving.gateway.shared_number import SharedNumber

pytestmark = pytest.mark.unit


def pair(folder: Path) -> tuple[Admission, Admission]:
    """Two processes that take requests, as far as their counts are concerned."""
    first, second = (Admission(InflightBytes(100), folder) for _ in range(2))
    return first, second


def test_everybody_adds_to_the_sum_and_changes_the_own_number_alone(tmp_path: Path) -> None:
    numbers = [SharedNumber(tmp_path / "file") for _ in range(3)]
    for amount, number in enumerate(numbers, 1):
        number.add(amount)

    assert [number.own for number in numbers] == [1, 2, 3]
    assert {number.total for number in numbers} == {number.total_of_living for number in numbers} == {6}


def test_two_that_share_no_file_are_alone(tmp_path: Path) -> None:
    SharedNumber().add(1)
    SharedNumber(tmp_path / "absent" / "file").add(1)

    assert SharedNumber().total == SharedNumber(tmp_path / "absent" / "file").total == 0


def admit_for_ever(folder: Path, is_in: Any, let_go: Any) -> None:
    with Admission(InflightBytes(100), folder).admit("a", 1, 0):
        is_in.set()
        let_go.wait(20)
        os._exit(1)  # as a killed process does: it takes nothing back


def test_a_module_is_full_for_all_processes_until_the_one_with_its_requests_is_gone(tmp_path: Path) -> None:
    mine = Admission(InflightBytes(100), tmp_path)
    spawn = multiprocessing.get_context("spawn")
    is_in, let_go = spawn.Event(), spawn.Event()
    other = spawn.Process(target=admit_for_ever, args=(tmp_path, is_in, let_go))
    other.start()
    assert is_in.wait(20)
    while_it_lives = mine.is_full("a", 1)
    with pytest.raises(QueueFullError), mine.admit("a", 1, 0):
        pass
    let_go.set()
    other.join(20)

    assert while_it_lives
    with mine.admit("a", 1, 0):
        assert mine.is_full("a", 1)
    assert not mine.is_full("a", 1)


def test_a_page_of_a_job_lets_requests_of_other_processes_go_first(tmp_path: Path) -> None:
    mine, other = pair(tmp_path)
    ready = threading.Event()
    waiting = threading.Thread(target=lambda: (mine.let_others_go_first("a", 30), ready.set()))
    with other.admit("a", 9, 0, True), other.admit("b", 9, 0):  # a page, and another module's
        with other.admit("a", 9, 0):
            waiting.start()
            assert not ready.wait(0.1)
        assert ready.wait(10)
    waiting.join()


def test_a_route_is_counted_though_its_name_is_none_for_a_file(tmp_path: Path) -> None:
    mine, other = pair(tmp_path)
    with mine.admit("/ocr", 9, 0):
        assert other.is_full("/ocr", 1)


def test_large_texts_of_two_processes_take_turns(tmp_path: Path) -> None:
    mine, other, has_turn = _Turns(), _Turns(), threading.Event()
    for each in (mine, other):
        each.share(tmp_path / "lock")

    def take_turn() -> None:
        with other.turn():
            has_turn.set()

    waiting = threading.Thread(target=take_turn)
    with mine.turn():
        with mine.turn():  # a request's second text
            waiting.start()
        assert not has_turn.wait(0.1)
    assert has_turn.wait(10)
    waiting.join()


def test_a_worker_with_more_connections_than_others_lets_them_go_first(tmp_path: Path) -> None:
    first, second = (FairShare(2, tmp_path / "connections") for _ in range(2))
    first.note(3)
    second.note(2)

    assert (first.is_exceeded, second.is_exceeded) == (True, False)
    first.note(2)
    assert (first.is_exceeded, second.is_exceeded) == (False, False)


def test_an_only_worker_takes_many_connections_and_waits_for_nobody(tmp_path: Path) -> None:
    share = FairShare(1, tmp_path / "connections")
    share.note(100)

    assert not share.is_exceeded
    assert share.at_once > FairShare(2, tmp_path / "connections").at_once == 1


@pytest.mark.parametrize(
    ("cores", "workers"), [(1, 1), (2, 1), (3, 1), (4, 1), (7, 1), (8, 2), (12, 3), (16, 4), (128, 4)]
)
def test_one_http_worker_for_four_cores(cores: int, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "available", lambda: cores)

    assert http_workers(ServingConfig(modules_info={"a": {}})) == workers  # type: ignore[dict-item]


def test_http_workers_that_are_set_come_before_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "available", lambda: 2)

    assert http_workers(ServingConfig(modules_info={"a": {}}, http_workers=7)) == 7  # type: ignore[dict-item]
