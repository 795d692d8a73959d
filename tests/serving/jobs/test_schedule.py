from __future__ import annotations

import time

import pytest

from hub.serving.jobs.job_table import Job
from hub.serving.jobs.schedule import ABSENT_SECONDS, Places, Turns
from hub.serving.messages.jobs import Submission
from hub.serving.messages.state import LOADING, READY, ModuleState, ProcessState, ServerState

pytestmark = pytest.mark.unit


def job(number: int, owner: str) -> Job:
    return Job(number, str(number), Submission("echo", owner=owner), None)


def order(jobs: list[Job], pages: int, waiting: set[int] | None = None) -> list[int]:
    turns, found = Turns(), []
    for _ in range(pages):
        chosen = turns.next(jobs, lambda each: waiting is None or each.number in waiting)
        if chosen is None:
            break
        turns.served(chosen)
        found.append(chosen.number)
    return found


def test_owners_take_turns() -> None:
    assert order([job(1, "a"), job(2, "a"), job(3, "b")], 4) == [1, 3, 1, 3]


def test_jobs_of_one_owner_come_in_order() -> None:
    assert order([job(1, "a"), job(2, "a")], 2) == [1, 1]


def test_a_job_without_a_waiting_page_lets_the_next_one_go_on() -> None:
    assert order([job(1, "a"), job(2, "a")], 1, waiting={2}) == [2]
    assert order([job(1, "a")], 1, waiting=set()) == []


class Served:
    """What is served, as a test says."""

    def __init__(self, *modules: ModuleState) -> None:
        self.modules = {module.name: module for module in modules}

    def current(self) -> ServerState:
        return ServerState(self.modules, settled=True)


def module(state: str, runners: int) -> ModuleState:
    return ModuleState("m", "1", state, runners=(ProcessState(1, 1, "runner"),) * runners)


def test_each_runner_has_its_places() -> None:
    assert Places(Served(module(READY, 3)), 2).capacity("m") == 6
    assert Places(Served(module(READY, 0)), 2).open("m", 0.0, ahead=1) == 3  # the next one is being started


def test_a_module_that_is_not_ready_has_none() -> None:
    assert Places(Served(module(LOADING, 1)), 1).open("m", 0.0, ahead=1) == 0
    assert Places(Served(), 1).open("m", 0.0, ahead=1) == 0


def test_a_pause_ends() -> None:
    places = Places(Served(module(READY, 1)), 1)
    places.pause("m", 100.0)
    now = time.monotonic()
    assert (places.open("m", now, 0), places.open("m", now + 101.0, 0)) == (0, 1)


def test_a_module_is_gone_when_it_has_not_been_served_for_a_minute() -> None:
    served = Served()
    places = Places(served, 1)
    assert [places.is_gone("m", now) for now in (0.0, ABSENT_SECONDS, ABSENT_SECONDS + 1)] == [
        False,
        False,
        True,
    ]
    served.modules["m"] = module(LOADING, 0)
    assert not places.is_gone("m", 200.0)
    del served.modules["m"]
    assert not places.is_gone("m", 201.0)
