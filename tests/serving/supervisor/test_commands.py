"""What reload, load, unload and scale change, and what they leave when they cannot be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError, ServerError
from hub.serving.config.server_config import ServingConfig, build
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import FAILED, LOADING, READY, ModuleState
from hub.serving.supervisor import package_check
from hub.serving.supervisor.commands import Commands
from hub.serving.supervisor.slots import FleetPlan
from tests.serving.supervisor.plans import Plans

pytestmark = pytest.mark.unit


@dataclass
class FakeFleet:
    """Is in the state that a test puts it in, and remembers the plan that it was given last."""

    plan: FleetPlan
    incoming: FleetPlan | None = None
    state: str = LOADING
    reason: str = ""
    is_empty: bool = False
    is_draining: bool = False

    @property
    def spec(self) -> RunnerSpec:
        return self.plan.spec

    @property
    def is_reloading(self) -> bool:
        return self.incoming is not None

    def reload(self, plan: FleetPlan, now: float) -> None:
        self.incoming = plan

    def drain(self, now: float) -> None:
        self.is_draining = True

    def end(self) -> None:
        """Let the last runner leave; the supervisor closes the fleet then."""
        self.is_empty, self.state = True, FAILED

    def swap(self) -> None:
        """Have the new generation ready."""
        assert self.incoming is not None
        self.plan, self.incoming, self.state = self.incoming, None, READY

    def drop(self, reason: str) -> None:
        """Have the new generation fail."""
        self.incoming, self.reason = None, f"reload failed: {reason}"

    def kill(self) -> None: ...

    def close(self) -> None: ...

    def tick(self, now: float) -> None: ...

    def status_descriptors(self) -> list[int]:
        return []

    def snapshot(self) -> ModuleState:
        return ModuleState(self.spec.name, self.spec.version, self.state)


@dataclass
class FakeBackend:
    """Makes fleets, and knows those that it made."""

    made: list[FakeFleet] = field(default_factory=list)
    helpers: tuple[()] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def fleet(self, plan: FleetPlan) -> FakeFleet:
        self.made.append(FakeFleet(plan))
        return self.made[-1]

    def tick(self, now: float) -> None: ...

    def problem(self) -> str:
        return ""


@dataclass
class FakePlanner:
    """Plans every module but those of ``unknown``.

    Attributes:
        file: what the config file says now.
        planned: (name, entry, generation) of what was asked for, in order.
    """

    plans: Plans = field(default_factory=Plans)
    unknown: set[str] = field(default_factory=set)
    file: ServingConfig | None = None
    planned: list[tuple[str, Any, int]] = field(default_factory=list)

    def plan(self, name: str, config: ServingConfig, generation: int) -> FleetPlan:
        if name in self.unknown:
            raise ConfigError(f"{name} is not installed")
        self.planned.append((name, config.modules_info[name], generation))
        return self.plans.make(name, generation)

    def reread(self) -> ServingConfig | None:
        return self.file


def config(*names: str, port: int = 8866, **entries: dict[str, Any]) -> ServingConfig:
    """Return the configuration of modules, some of them with settings."""
    return build({"modules_info": {**{name: {} for name in names}, **entries}, "port": port}, source="test")


class Server:
    """The commands of a server that serves ``names``, all of them ready."""

    def __init__(self, *names: str) -> None:
        self.planner, self.backend = FakePlanner(), FakeBackend()
        self.leaving: list[Any] = []
        self.fleets: dict[str, Any] = {}
        self.commands = Commands(config(*names), self.planner, self.backend, self.fleets, self.leaving)
        for name in names:
            self.commands.start(name)
            self.fleets[name].state = READY
        self.planner.planned.clear()
        self.backend.made.clear()

    def do(self, do: str, module: str = "", **more: Any) -> Any:
        """Begin a command; the result tells how it ended, or None."""
        return self.commands.do(ControlRequest(do, module, **more))

    @property
    def configured(self) -> dict[str, Any]:
        return self.commands.config.modules_info

    def picture(self) -> tuple[Any, ...]:
        """Return everything that a command may change."""
        fleets = {name: (id(fleet), fleet.plan, fleet.incoming) for name, fleet in self.fleets.items()}
        draining = [name for name, fleet in self.fleets.items() if fleet.is_draining]
        return self.commands.config, fleets, draining, list(self.leaving), len(self.backend.made)


# -- load ------------------------------------------------------------------------------------------


def test_load_answers_only_when_the_module_is_ready() -> None:
    server = Server("a")
    pending = server.do("load", "b")
    before = pending()
    server.fleets["b"].state = READY

    assert before is None
    assert pending() == ControlAnswer(True, "b 1.1.0 is served")
    assert list(server.configured) == ["a", "b"]


def test_load_of_a_version_plans_that_version() -> None:
    server = Server("a")
    server.do("load", "b", version="2.1")

    ((_, entry, generation),) = server.planner.planned
    assert (entry.version, generation) == ("2.1", 1)


def test_a_load_that_does_not_come_up_is_removed_and_its_reason_told() -> None:
    server = Server("a")
    pending = server.do("load", "b")
    fleet = server.fleets["b"]
    fleet.state, fleet.reason = FAILED, "no weights"

    assert pending() == ControlAnswer(False, "b did not load: no weights")
    assert (list(server.fleets), list(server.configured)) == (["a"], ["a"])
    assert (fleet.is_draining, server.leaving) == (True, [fleet])


def test_a_load_that_cannot_be_planned_changes_nothing() -> None:
    server = Server("a")
    before = server.picture()
    server.planner.unknown.add("b")
    with pytest.raises(ConfigError, match="b is not installed"):
        server.do("load", "b")

    assert server.picture() == before


def test_load_of_what_is_served_points_at_reload() -> None:
    with pytest.raises(ServerError, match="a is served already; use reload"):
        Server("a").do("load", "a")


def test_a_module_that_is_unloaded_while_it_loads_ends_its_load_with_a_sentence() -> None:
    server = Server("a")
    loading = server.do("load", "b")
    fleet = server.fleets["b"]
    server.do("unload", "b")
    fleet.end()
    answer = loading()

    assert answer is not None
    assert not answer.ok
    assert "unloaded" in answer.message


def test_a_load_that_was_unloaded_does_not_remove_the_module_that_was_loaded_after_it() -> None:
    server = Server("a")
    first = server.do("load", "b")
    fleet = server.fleets["b"]
    server.do("unload", "b")
    second = server.do("load", "b")
    fleet.end()
    first()
    server.fleets["b"].state = READY

    assert second() == ControlAnswer(True, "b 1.2.0 is served")
    assert list(server.configured) == ["a", "b"]


# -- unload ----------------------------------------------------------------------------------------


def test_unload_answers_only_when_the_last_runner_has_left() -> None:
    server = Server("a", "b")
    fleet = server.fleets["b"]
    pending = server.do("unload", "b")
    before = pending()
    fleet.end()

    assert before is None
    assert pending() == ControlAnswer(True, "b is no longer served")


def test_an_unloaded_module_is_unknown_at_once_and_drained() -> None:
    server = Server("a", "b")
    fleet = server.fleets["b"]
    server.do("unload", "b")

    assert (list(server.fleets), list(server.configured)) == (["a"], ["a"])
    assert (fleet.is_draining, server.leaving) == (True, [fleet])


def test_the_last_module_is_not_unloaded() -> None:
    server = Server("a")
    with pytest.raises(ServerError, match="the only module"):
        server.do("unload", "a")

    assert not server.fleets["a"].is_draining


@pytest.mark.parametrize("do", ["unload", "reload", "scale"])
def test_a_module_that_is_not_served_is_refused_with_the_names_of_those_that_are(do: str) -> None:
    with pytest.raises(ServerError, match="c is not served here; served: a, b"):
        Server("a", "b").do(do, "c", runners=2)


def test_a_module_that_is_loaded_again_is_another_generation() -> None:
    server = Server("a", "b")
    server.do("unload", "b")
    server.do("load", "b")
    server.fleets["b"].state = READY

    assert [generation for _, _, generation in server.planner.planned] == [2]


# -- scale -----------------------------------------------------------------------------------------


def test_scale_brings_up_the_next_generation_with_so_many_runners() -> None:
    server = Server("a")
    pending = server.do("scale", "a", runners=3)
    before = pending()
    server.fleets["a"].swap()

    ((_, entry, generation),) = server.planner.planned
    assert ([group.count for group in entry.instances], generation) == ([3], 2)
    assert before is None
    assert pending() == ControlAnswer(True, "a 1.2.0 serves (generation 2)")
    assert server.configured["a"].instances[0].count == 3


def test_a_scale_that_does_not_come_up_restores_the_entry() -> None:
    server = Server("a")
    before = server.commands.config
    pending = server.do("scale", "a", runners=200)
    server.fleets["a"].drop("no memory")

    assert pending() == ControlAnswer(False, "a: reload failed: no memory")
    assert server.commands.config == before


def test_a_scale_that_cannot_be_planned_changes_nothing() -> None:
    server = Server("a")
    before = server.picture()
    server.planner.unknown.add("a")
    with pytest.raises(ConfigError):
        server.do("scale", "a", runners=2)

    assert server.picture() == before


@pytest.mark.parametrize("runners", [-1, 0, 257])
def test_scale_takes_1_to_256_runners(runners: int) -> None:
    server = Server("a")
    before = server.picture()
    with pytest.raises(ServerError, match="between 1 and 256"):
        server.do("scale", "a", runners=runners)

    assert server.picture() == before


def test_a_failed_scale_does_not_bring_back_a_module_that_was_unloaded_meanwhile() -> None:
    server = Server("a", "b")
    scaling = server.do("scale", "a", runners=2)
    fleet = server.fleets["a"]
    server.do("unload", "a")
    fleet.end()
    scaling()

    assert list(server.configured) == ["b"]


def test_a_failed_scale_leaves_the_entry_of_a_later_one() -> None:
    server = Server("a")
    first = server.do("scale", "a", runners=200)
    second = server.do("scale", "a", runners=2)
    server.fleets["a"].swap()
    answers = first(), second()

    assert all(answer is not None for answer in answers)
    assert server.configured["a"].instances[0].count == 2


# -- reload of one module --------------------------------------------------------------------------


def test_reload_plans_the_next_generation_from_the_same_entry() -> None:
    server = Server("a", "b")
    entry = server.configured["a"]
    pending = server.do("reload", "a")
    server.fleets["a"].swap()

    assert server.planner.planned == [("a", entry, 2)]
    assert pending() == ControlAnswer(True, "a 1.2.0 serves (generation 2)")


def test_a_reload_that_does_not_come_up_says_why() -> None:
    server = Server("a")
    pending = server.do("reload", "a")
    server.fleets["a"].drop("no weights")

    assert pending() == ControlAnswer(False, "a: reload failed: no weights")


def test_a_reload_of_a_failed_module_waits_while_it_loads() -> None:
    server = Server("a")
    fleet = server.fleets["a"]
    pending = server.do("reload", "a")
    fleet.plan, fleet.incoming, fleet.state = fleet.incoming, None, LOADING
    before = pending()
    fleet.state, fleet.reason = FAILED, "still no weights"

    assert before is None
    assert pending() == ControlAnswer(False, "a: still no weights")


def test_a_reload_that_another_one_replaced_says_so() -> None:
    server = Server("a")
    first = server.do("reload", "a")
    second = server.do("reload", "a")
    server.fleets["a"].drop("")
    server.fleets["a"].reason = ""

    assert "another reload came in between" in first().message
    assert not second().ok


def test_a_reload_whose_module_is_unloaded_meanwhile_ends_with_a_sentence() -> None:
    server = Server("a", "b")
    reloading = server.do("reload", "a")
    fleet = server.fleets["a"]
    server.do("unload", "a")
    fleet.end()
    answer = reloading()

    assert answer is not None
    assert not answer.ok
    assert "unloaded" in answer.message


def test_an_answer_once_given_stays() -> None:
    server = Server("a")
    pending = server.do("reload", "a")
    server.fleets["a"].swap()
    first = pending()
    server.fleets["a"].state = FAILED

    assert pending() is first


# -- reload of the config file ---------------------------------------------------------------------


def test_a_reload_of_the_file_adds_removes_and_renews_what_changed() -> None:
    server = Server("a", "b", "c")
    gone = server.fleets["c"]
    server.planner.file = config("a", "d", b={"timeout": 5})
    pending = server.do("reload")
    before = pending()
    server.fleets["b"].swap()
    server.fleets["d"].state = READY
    gone.end()
    answer = pending()

    assert before is None
    assert answer == ControlAnswer(
        True, "d 1.1.0 is served; b 1.2.0 serves (generation 2); c is no longer served"
    )
    assert server.fleets["a"].incoming is None
    assert (list(server.fleets), gone.is_draining) == (["a", "b", "d"], True)
    assert server.commands.config == server.planner.file


def test_a_reload_that_only_removes_a_module_says_so() -> None:
    server = Server("a", "b")
    gone = server.fleets["b"]
    server.planner.file = config("a")
    pending = server.do("reload")
    before = pending()
    gone.end()

    assert before is None
    assert pending() == ControlAnswer(True, "b is no longer served")


def test_a_module_that_the_file_names_again_is_another_generation() -> None:
    server = Server("a", "b")
    for names in (("a",), ("a", "b")):
        server.planner.file = config(*names)
        server.do("reload")

    assert [generation for _, _, generation in server.planner.planned] == [2]


def test_a_reload_of_the_file_that_cannot_be_planned_at_its_third_module_changes_nothing() -> None:
    server = Server("a", "b", "gone")
    before = server.picture()
    server.planner.unknown.add("e")
    server.planner.file = config(a={"timeout": 5}, d={}, e={}, b={"timeout": 5})
    with pytest.raises(ConfigError, match="e is not installed"):
        server.do("reload")

    assert server.picture() == before
    assert [name for name, _, _ in server.planner.planned] == ["a", "d"]
    assert sorted(server.planner.plans.released) == [("a", 2), ("d", 1)]


def test_a_reload_of_the_file_after_one_that_failed_is_planned_whole() -> None:
    server = Server("a", "b")
    server.planner.unknown.add("e")
    server.planner.file = config("b", a={"timeout": 5}, e={})
    with pytest.raises(ConfigError):
        server.do("reload")
    server.planner.unknown.clear()
    server.planner.planned.clear()
    server.do("reload")

    assert [(name, generation) for name, _, generation in server.planner.planned] == [("a", 3), ("e", 1)]


def test_a_reload_of_a_file_in_which_nothing_changed_says_so() -> None:
    server = Server("a")
    server.planner.file = config("a")

    assert server.do("reload")() == ControlAnswer(True, "no module has changed")


def test_other_keys_of_the_file_are_named_as_needing_a_restart_and_not_taken() -> None:
    server = Server("a")
    server.planner.file = config("a", port=9000)

    assert server.do("reload")() == ControlAnswer(True, "no module has changed; restart the server for: port")
    assert server.commands.config.port == 8866


def test_a_reload_of_the_file_fails_when_one_of_its_modules_does_not_come_up() -> None:
    server = Server("a")
    server.planner.file = config("a", "b", "c")
    pending = server.do("reload")
    server.fleets["b"].state = READY
    server.fleets["c"].state, server.fleets["c"].reason = FAILED, "no weights"

    assert pending() == ControlAnswer(False, "b 1.1.0 is served; c did not load: no weights")


def test_a_module_whose_new_entry_did_not_come_up_is_tried_again_by_the_next_reload() -> None:
    server = Server("a", "b")
    before = server.commands.config
    server.planner.file = config("a", b={"timeout": 5})
    pending = server.do("reload")
    server.fleets["b"].drop("no weights")
    answer = pending()

    assert answer is not None
    assert not answer.ok
    assert server.commands.config == before
    assert server.do("reload")() is None  # it is brought up once more, instead of "no module has changed"


def test_without_a_config_file_a_reload_asks_for_a_module() -> None:
    with pytest.raises(ServerError, match="without a config file; name the module"):
        Server("a").do("reload")


# -- a changed package -----------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["load", "reload", "scale"])
def test_nothing_that_starts_a_runner_is_begun_when_the_package_has_changed(
    do: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_check, "PACKAGE", tmp_path)
    server = Server("a")
    before = server.picture()
    with pytest.raises(ServerError, match="hub serving stop, then start"):
        server.do(do, "a", runners=2)

    assert server.picture() == before


def test_a_module_can_be_unloaded_when_the_package_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_check, "PACKAGE", tmp_path)
    server = Server("a", "b")
    server.do("unload", "b")

    assert list(server.fleets) == ["a"]
