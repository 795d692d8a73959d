"""The supervisor's side of ``hub serving reload | load | unload | scale``.

Each returns at once with a function that tells, some ticks later, how it ended. A change is planned whole
before anything of it is applied, so one that cannot be planned changes nothing. A module is planned by the
``Planner``, which looks it up in the registry again, so a version installed since is found.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from hub.errors import ServerError
from hub.serving.config.module_config import ModuleConfig
from hub.serving.config.server_config import ServingConfig
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.messages.state import FAILED, LOADING
from hub.serving.supervisor import package_check
from hub.serving.supervisor.backend import Fleet, ServingBackend
from hub.serving.supervisor.control_server import Pending
from hub.serving.supervisor.slots import FleetPlan


class Planner(Protocol):
    """From a module's configuration to a plan; see ``hub/serving/supervisor/planning.py``."""

    def plan(self, name: str, config: ServingConfig, generation: int) -> FleetPlan: ...

    def reread(self) -> ServingConfig | None:
        """Return the config file as it is now, None where the server was started without one."""
        ...


@dataclass
class Commands:
    """The supervisor's fleets and its configuration, and how to change them while they serve.

    Attributes:
        generations: of each module the last that was planned. They count on when a module is unloaded and
            loaded again: what one generation left behind is never taken for another's.
    """

    config: ServingConfig
    planner: Planner
    backend: ServingBackend
    fleets: dict[str, Fleet]
    leaving: list[Fleet]
    generations: dict[str, int] = field(default_factory=dict)

    def start(self, name: str) -> Fleet:
        """Begin to serve a module that the configuration names."""
        return self._begin(name, self._plan_one(name, self.config))

    def do(self, request: ControlRequest) -> Pending:
        """Begin what a control request asks for; raises HubError when it cannot be begun."""
        if request.do != "unload":
            package_check.require_unchanged()
        if request.do == "load":
            return self._load(request)
        if request.do == "unload":
            return self._unload(request.module)
        if request.do == "scale":
            return self._scale(request.module, request.runners)
        return self._renew(request.module) if request.module else self._reload_config()

    # -- the four ----------------------------------------------------------------------------------

    def _load(self, request: ControlRequest) -> Pending:
        name = request.module
        if name in self.fleets:
            raise ServerError(f"{name} is served already; use reload for another version of it")
        entry = ModuleConfig(init_args={"version": request.version} if request.version else {})
        config = self._configured(name, entry)
        fleet = self._begin(name, self._plan_one(name, config))
        self.config = config

        def undo() -> None:
            if self.fleets.get(name) is fleet:
                self._remove(name)

        return _once(partial(self._loaded, name, fleet), undo)

    def _unload(self, name: str) -> Pending:
        fleet = self._fleet(name)
        if len(self.fleets) == 1:
            raise ServerError(f"{name} is the only module here; stop the server instead")
        self._remove(name)
        return partial(_gone, name, fleet)

    def _scale(self, name: str, runners: int) -> Pending:
        self._fleet(name)
        if not 1 <= runners <= 256:
            raise ServerError(f"between 1 and 256 runners, not {runners}")
        before = self.config.modules_info[name]
        instances = [{"count": runners}]
        entry = ModuleConfig.model_validate({**before.model_dump(), "instances": instances})
        return self._renew(name, entry, before)

    def _reload_config(self) -> Pending:
        """Take what changed in the config file's modules_info; other keys need a restart."""
        fresh = self.planner.reread()
        if fresh is None:
            raise ServerError("this server was started without a config file; name the module to reload")
        before = self.config
        changed = [key for key in ServingConfig.model_fields if getattr(fresh, key) != getattr(before, key)]
        restart = [key for key in changed if key != "modules_info"]
        config = before.model_copy(update={"modules_info": fresh.modules_info})
        entries = before.modules_info
        plans = self._plan(config, (n for n, entry in fresh.modules_info.items() if entries.get(n) != entry))
        swaps = {name: plan for name, plan in plans.items() if name in self.fleets}
        begun: dict[str, Fleet] = {}
        unused = dict(plans)
        with contextlib.ExitStack() as undo:
            undo.callback(_release, unused)
            for name in [name for name in plans if name not in swaps]:
                begun[name] = self.backend.fleet(unused.pop(name))  # releases the plan where it fails
                undo.callback(begun[name].close)
            undo.pop_all()
        # From here on nothing fails.
        self.config = config
        removed = {name: fleet for name, fleet in self.fleets.items() if name not in fresh.modules_info}
        for name in removed:
            self._remove(name)
        self.fleets |= begun
        parts: list[Pending] = [
            self._swap_or_restore(name, plan, entries[name])
            if name in swaps
            else partial(self._loaded, name, begun[name])
            for name, plan in plans.items()
        ]
        parts += [partial(_gone, name, fleet) for name, fleet in removed.items()]

        def settled() -> ControlAnswer | None:
            answers = [answer for answer in (part() for part in parts) if answer is not None]
            if len(answers) < len(parts):
                return None
            said = [answer.message for answer in answers] or ["no module has changed"]
            if restart:
                said.append(f"restart the server for: {', '.join(restart)}")
            return ControlAnswer(ok=all(answer.ok for answer in answers), message="; ".join(said))

        return settled

    # -- inside --------------------------------------------------------------------------------------

    def _plan(self, config: ServingConfig, names: Iterable[str]) -> dict[str, FleetPlan]:
        """Plan all of these modules, or none: the files of those already planned are let go."""
        plans: dict[str, FleetPlan] = {}
        with contextlib.ExitStack() as undo:
            for name in names:
                plans[name] = self._plan_one(name, config)
                undo.callback(plans[name].release)
            undo.pop_all()
        return plans

    def _plan_one(self, name: str, config: ServingConfig) -> FleetPlan:
        """Plan the next generation of a module; raises HubError."""
        generation = self.generations.get(name, 0) + 1
        plan = self.planner.plan(name, config, generation)
        self.generations[name] = generation
        return plan

    def _begin(self, name: str, plan: FleetPlan) -> Fleet:
        fleet = self.backend.fleet(plan)
        self.fleets[name] = fleet
        return fleet

    def _fleet(self, name: str) -> Fleet:
        if name not in self.fleets:
            raise ServerError(f"{name} is not served here; served: {', '.join(self.fleets)}")
        return self.fleets[name]

    def _configured(self, name: str, entry: ModuleConfig | None) -> ServingConfig:
        """Return the configuration with another entry for a module, or without it."""
        modules = {key: value for key, value in self.config.modules_info.items() if key != name}
        if entry is not None:
            modules[name] = entry
        return self.config.model_copy(update={"modules_info": modules})

    def _remove(self, name: str) -> None:
        """Stop serving a module: unknown from now on, its runners finish what they have."""
        fleet = self.fleets.pop(name)
        self.config = self._configured(name, None)
        fleet.drain(time.monotonic())
        self.leaving.append(fleet)

    def _renew(
        self, name: str, entry: ModuleConfig | None = None, before: ModuleConfig | None = None
    ) -> Pending:
        """Bring up the next generation of a module, with a new ``entry`` instead of the one ``before``."""
        self._fleet(name)
        config = self._configured(name, entry) if entry is not None else self.config
        (plan,) = self._plan(config, [name]).values()
        self.config = config
        return self._swap_or_restore(name, plan, before)

    def _swap_or_restore(self, name: str, plan: FleetPlan, before: ModuleConfig | None) -> Pending:
        """Swap generations; if the new one does not come up, its configuration is as it was ``before``.

        Not if another change came since: then that one counts.
        """
        entry = self.config.modules_info.get(name)

        def undo() -> None:
            if before is not None and self.config.modules_info.get(name) is entry:
                self.config = self._configured(name, before)

        return _once(self._swap(name, plan), undo)

    def _swap(self, name: str, plan: FleetPlan) -> Pending:
        """Start the planned generation beside the present one, which goes when the new one is ready."""
        fleet, generation = self.fleets[name], plan.spec.generation
        fleet.reload(plan, time.monotonic())

        def settled() -> ControlAnswer | None:
            if self.fleets.get(name) is not fleet:
                return _unloaded(name)
            if fleet.spec.generation >= generation and fleet.state != LOADING:
                if fleet.state != FAILED:
                    served = f"{name} {fleet.spec.version} serves (generation {generation})"
                    return ControlAnswer(ok=True, message=served)
            elif fleet.is_reloading or fleet.state == LOADING:
                return None
            why = fleet.reason or "another reload came in between"
            return ControlAnswer(ok=False, message=f"{name}: {why}")

        return settled

    def _loaded(self, name: str, fleet: Fleet) -> ControlAnswer | None:
        """Tell how the first loading of a module ended; None while it has not."""
        if self.fleets.get(name) is not fleet:
            return _unloaded(name)
        if fleet.state == LOADING:
            return None
        if fleet.state == FAILED:
            return ControlAnswer(ok=False, message=f"{name} did not load: {fleet.reason}")
        return ControlAnswer(ok=True, message=f"{name} {fleet.spec.version} is served")


def _release(plans: dict[str, FleetPlan]) -> None:
    for plan in plans.values():
        plan.release()


def _once(pending: Pending, undo: Callable[[], None] = lambda: None) -> Pending:
    """Keep the first answer; ``undo`` what was begun if that says that it failed."""
    answer: ControlAnswer | None = None

    def settled() -> ControlAnswer | None:
        nonlocal answer
        if answer is None:
            answer = pending()
            if answer is not None and not answer.ok:
                undo()
        return answer

    return settled


def _gone(name: str, fleet: Fleet) -> ControlAnswer | None:
    """Tell that a module has been taken away; None while it finishes what it has."""
    return ControlAnswer(ok=True, message=f"{name} is no longer served") if fleet.is_empty else None


def _unloaded(name: str) -> ControlAnswer:
    """Answer a command whose module another one has taken away before it was done."""
    return ControlAnswer(ok=False, message=f"{name} was unloaded meanwhile")
