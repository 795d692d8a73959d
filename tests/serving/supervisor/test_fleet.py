"""What a fleet does with its runners: starts, replaces, swaps, gives up. No process is started."""

from __future__ import annotations

import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.serving.messages.death import KILLED
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.state import FAILED, LOADING, READY
from hub.serving.supervisor import failure, package_check
from hub.serving.supervisor import fleet as fleet_file
from hub.serving.supervisor.backoff import GIVEN_UP_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE_SERVED
from hub.serving.supervisor.fleet import RunnerFleet
from hub.serving.supervisor.slots import FleetPlan
from hub.serving.supervisor.watch import MEMORY_SECONDS
from tests.serving.supervisor.fake_runner import FakeRunner
from tests.serving.supervisor.plans import Plans

pytestmark = pytest.mark.unit

#: Longer than any pause before another try.
PAUSE = 2 * LONGEST_PAUSE


class Watched:
    """A fleet, its runners in the order in which they were started, and a clock."""

    def __init__(self, plan: FleetPlan, run_dir: RunDir, started: list[FakeRunner]) -> None:
        self.fleet = RunnerFleet(plan, run_dir, lifeline=-1)
        self.started = started
        self.now = 1000.0

    def tick(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.fleet.tick(self.now)

    def settle(self) -> None:
        """Tick until what has happened has had its consequences."""
        for _ in range(3):
            self.tick()

    @property
    def newest(self) -> FakeRunner:
        return self.started[-1]

    def accepts(self) -> bool:
        """Tell whether a request would find a place in the module's queue."""
        with socket.socket(socket.AF_UNIX) as caller:
            try:
                caller.connect(self.fleet.snapshot().socket)
            except OSError:
                return False
            return True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[FakeRunner]:
    """Every runner that a fleet has started."""
    runners: list[FakeRunner] = []

    def start(*arguments: object) -> FakeRunner:
        runners.append(FakeRunner(*arguments))  # type: ignore[arg-type]
        return runners[-1]

    monkeypatch.setattr(fleet_file, "RunnerProcess", start)
    return runners


@pytest.fixture
def run_dir() -> Iterator[RunDir]:
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:  # short enough for a socket's path
        yield RunDir(Path(folder))


@pytest.fixture
def plans() -> Plans:
    return Plans()


@pytest.fixture
def loading(run_dir: RunDir, started: list[FakeRunner], plans: Plans) -> Iterator[Watched]:
    """A fleet of one runner that is loading."""
    watched = Watched(plans.make(max_requests=100), run_dir, started)
    watched.tick()
    yield watched
    watched.fleet.close()


@pytest.fixture
def ready(loading: Watched) -> Watched:
    """A fleet of one runner that is ready."""
    loading.newest.load()
    loading.settle()
    return loading


# -- loading ---------------------------------------------------------------------------------------


def test_one_runner_is_started_for_each_place_of_the_plan(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans
) -> None:
    watched = Watched(plans.make(runners=3), run_dir, started)
    watched.settle()
    watched.fleet.close()

    assert [runner.plan.index for runner in started] == [0, 1, 2]


def test_a_module_is_ready_as_soon_as_one_of_its_runners_is(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans
) -> None:
    watched = Watched(plans.make(runners=2), run_dir, started)
    watched.settle()
    before = watched.fleet.state
    started[1].load("measure")
    watched.settle()
    after, manifest = watched.fleet.state, watched.fleet.manifest
    watched.fleet.close()

    assert (before, after, manifest.method) == (LOADING, READY, "measure")


def test_a_runner_that_dies_while_loading_is_tried_again_only_after_a_pause(loading: Watched) -> None:
    loading.newest.die()
    loading.settle()
    at_once = len(loading.started)
    loading.tick(PAUSE)

    assert (at_once, len(loading.started)) == (1, 2)
    assert loading.fleet.state == LOADING


def fail_three_times(loading: Watched) -> None:
    for attempt in range(3):
        loading.tick(GIVEN_UP_PAUSE / 2)
        loading.newest.refuse(f"no weights ({attempt})")
        loading.settle()


def test_a_module_is_given_up_after_three_tries_with_the_last_reason(loading: Watched) -> None:
    fail_three_times(loading)

    assert loading.fleet.state == FAILED
    assert loading.fleet.reason == "no weights (2)"
    assert len(loading.started) == 3
    assert loading.fleet.is_empty
    assert not loading.accepts()


def test_a_module_that_was_given_up_is_tried_again_each_minute_and_stays_failed_meanwhile(
    loading: Watched,
) -> None:
    fail_three_times(loading)
    loading.tick(GIVEN_UP_PAUSE - 1)
    too_early = len(loading.started)
    for _ in range(3):
        loading.tick(GIVEN_UP_PAUSE)
        state = loading.fleet.state
        loading.newest.refuse("still no weights")
        loading.settle()

    assert (too_early, state, len(loading.started)) == (3, FAILED, 6)
    assert (loading.fleet.state, loading.fleet.reason) == (FAILED, "still no weights")
    assert not loading.accepts()


def test_a_module_that_was_given_up_serves_when_a_later_try_comes_up(loading: Watched) -> None:
    fail_three_times(loading)
    loading.tick(GIVEN_UP_PAUSE)
    loading.newest.load()
    loading.settle()

    assert (loading.fleet.state, loading.fleet.reason) == (READY, "")
    assert loading.accepts()


def test_a_module_is_not_given_up_while_another_of_its_runners_is_loading(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans
) -> None:
    watched = Watched(plans.make(runners=2), run_dir, started)
    watched.tick()
    slow = started[1]
    for _ in range(3):
        started[-1 if len(started) > 2 else 0].die()
        watched.settle()
        watched.tick(GIVEN_UP_PAUSE / 2)
    slow.load()
    watched.settle()
    state = watched.fleet.state
    watched.fleet.close()

    assert state == READY
    assert slow.ended_by == []


def test_a_ready_runner_stays_however_often_another_of_its_module_dies_while_loading(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans
) -> None:
    watched = Watched(plans.make(runners=2), run_dir, started)
    watched.tick()
    healthy = started[0]
    healthy.load()
    watched.settle()
    for _ in range(20):
        started[-1].die()
        watched.settle()
        watched.tick(LONGEST_PAUSE_SERVED)
    state, accepts = watched.fleet.state, watched.accepts()
    watched.fleet.close()

    assert (state, accepts, healthy.ended_by) == (READY, True, [])
    assert len(started) == 22  # one try each time, none later than the longest pause


def test_a_final_failure_is_tried_again_only_when_the_modules_files_change(
    loading: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failure, "_files", lambda folder: frozenset(tmp_path.iterdir()))
    loading.newest.refuse("no such option", final=True)
    loading.settle()
    for _ in range(5):
        loading.tick(GIVEN_UP_PAUSE)
    before = len(loading.started)
    (tmp_path / "params.py").touch()
    loading.tick(GIVEN_UP_PAUSE)

    assert (before, len(loading.started)) == (1, 2)


@pytest.mark.parametrize("error", [BlockingIOError(11, "no more processes"), OSError(28, "no space left")])
def test_a_runner_that_cannot_be_started_is_tried_again_and_harms_no_other(
    ready: Watched, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refuse(*_: object) -> FakeRunner:
        raise error

    ready.newest.die()
    with monkeypatch.context() as refused:
        refused.setattr(fleet_file, "RunnerProcess", refuse)
        for _ in range(5):
            ready.tick(LONGEST_PAUSE_SERVED)
        reason = ready.fleet.reason
    ready.tick(LONGEST_PAUSE_SERVED)
    ready.newest.load()
    ready.settle()

    assert f"cannot be started: {error.strerror}" in reason
    assert (ready.fleet.state, ready.fleet.reason, len(ready.started)) == (READY, "", 2)


def test_the_deaths_of_the_last_seconds_are_published(ready: Watched) -> None:
    ready.newest.die()
    ready.tick()
    (told,) = ready.fleet.snapshot().deaths
    ready.newest.load()
    ready.settle()
    ready.tick(2 * failure.DEATH_SECONDS)
    ready.newest.die()
    ready.tick()

    assert (told.pid, told.cause) == (ready.started[0].pid, KILLED)
    assert len(ready.fleet.snapshot().deaths) == 1


def test_runners_are_judged_anew_when_the_supervisor_itself_was_stopped(ready: Watched) -> None:
    ready.tick(0.25)
    before = ready.newest.awake_since
    ready.tick(30.0)
    went_on = ready.now
    ready.tick(0.25)

    assert (before, ready.newest.awake_since) == (0.0, went_on)


def test_a_failure_that_the_module_calls_final_ends_the_tries_at_once(loading: Watched) -> None:
    loading.newest.refuse("no such option", final=True)
    loading.settle()

    assert (loading.fleet.state, loading.fleet.reason) == (FAILED, "no such option")
    assert len(loading.started) == 1


def test_a_given_up_module_takes_no_connection(loading: Watched) -> None:
    before = loading.accepts()
    loading.newest.refuse("no such option", final=True)
    loading.settle()

    assert (before, loading.accepts()) == (True, False)


def test_a_runner_that_says_nothing_is_given_up_with_how_it_ended(loading: Watched) -> None:
    for _ in range(3):
        loading.newest.die()
        loading.settle()
        loading.tick(PAUSE)

    assert loading.fleet.reason == "its runner died while loading (signal SIGKILL)"


def test_a_runner_that_loads_for_too_long_is_killed_and_its_reason_names_the_setting(
    loading: Watched,
) -> None:
    for _ in range(299):
        loading.tick(1.0)
    patient = list(loading.newest.ended_by)
    loading.tick(1.0)
    loading.tick(1.0)

    assert patient == []
    assert loading.newest.ended_by == [signal.SIGKILL]
    assert loading.newest.answer is not None
    assert loading.newest.answer.reason == "not ready after 300 s (load_timeout)"


# -- serving ---------------------------------------------------------------------------------------


def test_a_runner_that_dies_ready_is_replaced_at_once(ready: Watched) -> None:
    dead = ready.newest
    dead.die()
    ready.tick()

    assert dead.was_reaped
    assert ready.newest is not dead
    assert (ready.fleet.state, ready.fleet.restarts) == (READY, 1)


def test_deaths_in_service_never_give_a_module_up(ready: Watched) -> None:
    for _ in range(10):
        ready.newest.die()
        ready.tick()
        ready.newest.load()
        ready.settle()

    assert (ready.fleet.state, ready.fleet.restarts) == (READY, 10)


def test_a_hung_runner_is_aborted_and_then_replaced(ready: Watched) -> None:
    hung = ready.newest
    hung.hangs = "busy with one batch for 200 s"
    ready.tick()
    told = list(hung.ended_by)
    hung.hangs = ""
    ready.tick(5.0)
    ready.settle()

    assert told == [signal.SIGABRT]
    assert hung.was_killed
    assert ready.newest is not hung


def test_a_module_that_has_served_is_tried_again_even_after_a_final_failure(ready: Watched) -> None:
    ready.newest.die()
    ready.tick()
    ready.newest.refuse("the disk is full", final=True)
    ready.settle()
    ready.tick(PAUSE)

    assert ready.fleet.state == READY
    assert len(ready.started) == 3


# -- worn runners ----------------------------------------------------------------------------------


def test_a_spare_is_started_for_a_worn_runner_which_goes_on_meanwhile(ready: Watched) -> None:
    worn = ready.newest
    worn.served = 100
    ready.tick()

    assert len(ready.started) == 2
    assert worn.ended_by == []


def test_a_spare_takes_over_from_a_worn_runner_when_it_is_ready(ready: Watched) -> None:
    worn = ready.newest
    worn.served = 100
    ready.tick()
    ready.newest.load()
    ready.settle()

    assert worn.ended_by == [signal.SIGTERM]
    assert ready.newest.ended_by == []
    assert ready.fleet.restarts == 0


def test_a_worn_runner_that_dies_leaves_its_place_to_its_spare(ready: Watched) -> None:
    worn = ready.newest
    worn.served = 100
    ready.tick()
    worn.die()
    ready.settle()
    ready.newest.load()
    ready.settle()

    assert len(ready.started) == 2
    assert ready.newest.ended_by == []


def test_a_spare_that_does_not_load_leaves_the_worn_runner_serving(ready: Watched) -> None:
    worn = ready.newest
    worn.served = 100
    for _ in range(5):
        ready.tick(PAUSE)
        if ready.newest is not worn:
            ready.newest.refuse("the weights are gone")
        ready.settle()

    assert ready.fleet.state == READY
    assert worn.ended_by == []
    assert len(ready.started) == 6


def test_a_worn_runner_whose_spare_did_not_load_is_replaced_at_once_when_it_dies(ready: Watched) -> None:
    worn = ready.newest
    worn.served = 100
    ready.tick()
    ready.newest.refuse("the weights are gone")
    ready.settle()
    worn.die()
    ready.settle()

    assert len(ready.started) == 3
    assert ready.fleet.state == READY


def test_only_one_worn_runner_is_replaced_at_a_time(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans
) -> None:
    watched = Watched(plans.make(runners=3, max_requests=10), run_dir, started)
    watched.tick()
    for runner in started:
        runner.load()
        runner.served = 10
    watched.settle()
    watched.fleet.close()

    assert len(started) == 4


def test_a_runner_above_max_memory_is_replaced_when_it_is_weighed(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans
) -> None:
    watched = Watched(plans.make(max_memory_mb=500), run_dir, started)
    watched.tick()
    watched.newest.load()
    watched.newest.memory_mb = 501.0
    watched.tick(MEMORY_SECONDS)
    watched.settle()
    watched.fleet.close()

    assert len(started) == 2


# -- reloading -------------------------------------------------------------------------------------


def test_a_reload_keeps_the_old_generation_until_all_of_the_new_one_are_ready(
    ready: Watched, plans: Plans
) -> None:
    old = ready.newest
    ready.fleet.reload(plans.make(generation=2, runners=2), ready.now)
    ready.tick()
    ready.started[1].load()
    ready.settle()
    half = (ready.fleet.spec.generation, list(old.ended_by), ready.fleet.is_reloading)
    ready.started[2].load("measure")
    ready.settle()

    assert half == (1, [], True)
    assert (ready.fleet.spec.generation, old.ended_by, ready.fleet.is_reloading) == (
        2, [signal.SIGTERM], False,
    )  # fmt: skip


def test_a_reload_releases_the_old_generations_files_when_it_is_done(ready: Watched, plans: Plans) -> None:
    ready.fleet.reload(plans.make(generation=2), ready.now)
    ready.tick()
    before = list(plans.released)
    ready.newest.load()
    ready.settle()

    assert (before, plans.released) == ([], [("mine", 1)])


def test_a_reload_that_fails_leaves_the_old_generation_serving(ready: Watched, plans: Plans) -> None:
    old = ready.newest
    ready.fleet.reload(plans.make(generation=2), ready.now)
    ready.tick()
    ready.newest.refuse("no such option", final=True)
    ready.settle()

    assert (ready.fleet.state, ready.fleet.spec.generation, old.ended_by) == (READY, 1, [])
    assert ready.fleet.reason == "reload failed: no such option"
    assert plans.released == [("mine", 2)]


def test_a_reload_whose_runners_die_is_given_up_after_three_tries(ready: Watched, plans: Plans) -> None:
    ready.fleet.reload(plans.make(generation=2), ready.now)
    for _ in range(4):
        ready.tick(PAUSE)
        if ready.newest.spec.generation == 2:
            ready.newest.die()
        ready.settle()

    assert len(ready.started) == 4
    assert not ready.fleet.is_reloading
    assert ready.fleet.state == READY


def test_a_second_reload_takes_the_place_of_the_first(ready: Watched, plans: Plans) -> None:
    ready.fleet.reload(plans.make(generation=2), ready.now)
    ready.tick()
    second = ready.newest
    ready.fleet.reload(plans.make(generation=3), ready.now)
    ready.tick()
    ready.newest.load()
    ready.settle()

    assert second.ended_by == [signal.SIGTERM]
    assert ready.fleet.spec.generation == 3
    assert plans.released == [("mine", 2), ("mine", 1)]


def test_a_reload_of_a_given_up_module_starts_it_again(loading: Watched, plans: Plans) -> None:
    loading.newest.refuse("no such option", final=True)
    loading.settle()
    loading.fleet.reload(plans.make(generation=2), loading.now)
    loading.tick()
    again = loading.fleet.state
    loading.newest.load()
    loading.settle()

    assert (again, loading.fleet.state, loading.fleet.reason) == (LOADING, READY, "")
    assert loading.accepts()


# -- ending ----------------------------------------------------------------------------------------


def test_draining_asks_every_runner_to_finish_and_starts_no_other(ready: Watched) -> None:
    last = ready.newest
    ready.fleet.drain(ready.now)
    ready.fleet.drain(ready.now)
    ready.tick()
    waits = ready.fleet.is_empty
    last.die()
    ready.settle()

    assert last.ended_by == [signal.SIGTERM]
    assert (waits, ready.fleet.is_empty, len(ready.started)) == (False, True, 1)


def test_a_runner_that_does_not_finish_in_time_is_killed(ready: Watched) -> None:
    ready.fleet.drain(ready.now)
    ready.tick(29.0)
    patient = ready.newest.was_killed
    ready.tick(2.0)

    assert (patient, ready.newest.was_killed) == (False, True)


def test_closing_releases_the_files_of_both_generations(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans
) -> None:
    watched = Watched(plans.make(), run_dir, started)
    watched.fleet.reload(plans.make(generation=2), watched.now)
    path = Path(watched.fleet.snapshot().socket)
    watched.fleet.close()

    assert sorted(plans.released) == [("mine", 1), ("mine", 2)]
    assert not path.exists()


# -- a changed package -----------------------------------------------------------------------------


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "version.py").write_text('__version__ = "9.8.7"\n')
    monkeypatch.setattr(package_check, "PACKAGE", tmp_path)


def test_no_runner_is_started_from_another_package_and_the_reason_says_what_to_do(
    run_dir: RunDir, started: list[FakeRunner], plans: Plans, changed: None
) -> None:
    watched = Watched(plans.make(), run_dir, started)
    watched.settle()
    reason = watched.fleet.reason
    watched.fleet.close()

    assert started == []
    assert "9.8.7 is installed now" in reason
    assert "hub serving stop, then start" in reason


def test_runners_go_on_when_the_package_changes(ready: Watched, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("changed")
    ready.tick(60.0)
    ready.settle()

    assert ready.newest.ended_by == []
    assert (ready.fleet.state, ready.fleet.reason) == (READY, "")


def test_a_worn_runner_is_kept_when_the_package_has_changed(
    ready: Watched, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("changed")
    ready.newest.served = 100
    ready.settle()

    assert len(ready.started) == 1
    assert ready.newest.ended_by == []


def test_a_dead_runner_is_not_replaced_from_another_package(
    ready: Watched, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("changed")
    ready.newest.die()
    ready.settle()

    assert len(ready.started) == 1
    assert "9.8.7 is installed now" in ready.fleet.reason


def test_the_status_shows_what_was_planned_and_what_is_there(ready: Watched) -> None:
    module = ready.fleet.snapshot()

    assert (module.name, module.version, module.state, module.generation) == ("mine", "1.1.0", READY, 1)
    assert (module.limits.timeout, module.limits.max_queue_size) == (60.0, 16)
    assert [runner.pid for runner in module.runners] == [ready.newest.pid]
