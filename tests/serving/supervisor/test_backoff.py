"""When a dead runner is started again, and when its module is given up."""

from __future__ import annotations

import random

import pytest

from hub.serving.supervisor.backoff import GIVEN_UP_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE_SERVED, RestartPolicy

pytestmark = pytest.mark.unit


def policy(max_failures: int = 3) -> RestartPolicy:
    return RestartPolicy(max_failures=max_failures, random=random.Random(1))


def test_the_first_start_and_the_one_after_a_death_in_service_are_immediate() -> None:
    restarts = policy()
    assert restarts.may_start(0.0)
    restarts.became_ready()
    restarts.died_ready(100.0)

    assert restarts.may_start(100.0)


def test_pauses_after_deaths_while_loading_grow_up_to_a_limit() -> None:
    restarts = policy(max_failures=20)
    pauses = []
    for _ in range(12):
        restarts.died_loading(100.0)
        pauses.append(restarts.not_before - 100.0)

    assert 0.3 < pauses[0] < 0.7
    assert pauses[3] > 2 * pauses[1]
    assert LONGEST_PAUSE * 0.7 < pauses[-1] < LONGEST_PAUSE * 1.3


def test_pauses_differ_so_that_runners_do_not_start_in_step() -> None:
    pauses = set()
    for seed in range(5):
        restarts = RestartPolicy(random=random.Random(seed))
        restarts.died_loading(0.0)
        pauses.add(restarts.not_before)

    assert len(pauses) == 5


def test_a_module_is_given_up_after_so_many_deaths_in_a_row() -> None:
    restarts = policy()
    for _ in range(3):
        assert not restarts.gives_up
        restarts.died_loading(0.0)

    assert restarts.gives_up


def test_what_was_given_up_is_tried_again_now_and_then() -> None:
    restarts = policy()
    for now in (100.0, 200.0, 300.0, 400.0):
        restarts.died_loading(now)

    assert restarts.gives_up
    assert not restarts.may_start(400.0 + GIVEN_UP_PAUSE - 1)
    assert restarts.may_start(400.0 + GIVEN_UP_PAUSE)


def test_a_final_failure_is_the_last_before_it_is_given_up() -> None:
    restarts = policy()
    restarts.died_loading(100.0, is_final=True)

    assert restarts.gives_up


def test_what_has_served_is_never_given_up_and_its_pauses_stay_short() -> None:
    restarts = policy()
    restarts.serves(0.0)
    pauses = []
    for _ in range(50):
        restarts.died_loading(100.0)
        pauses.append(restarts.not_before - 100.0)

    assert not restarts.gives_up
    assert max(pauses) <= LONGEST_PAUSE_SERVED


def test_a_place_that_was_given_up_is_tried_soon_when_another_begins_to_serve() -> None:
    restarts = policy()
    restarts.died_loading(100.0, is_final=True)
    restarts.serves(101.0)

    assert restarts.may_start(101.0 + LONGEST_PAUSE_SERVED)


def test_being_ready_once_forgives_earlier_deaths() -> None:
    restarts = policy()
    restarts.died_loading(0.0)
    restarts.died_loading(0.0)
    restarts.became_ready()
    restarts.died_loading(0.0)

    assert not restarts.gives_up


def test_deaths_in_service_are_never_a_reason_to_give_up() -> None:
    restarts = policy()
    for now in range(100):
        restarts.became_ready()
        restarts.died_ready(float(now))

    assert not restarts.gives_up


def test_a_spare_that_does_not_load_is_tried_again_after_the_longest_pause_and_not_counted() -> None:
    restarts = policy()
    for _ in range(10):
        restarts.died_as_spare(100.0)

    assert not restarts.gives_up
    assert not restarts.may_start(100.0 + LONGEST_PAUSE - 1)
    assert restarts.may_start(100.0 + LONGEST_PAUSE)
