"""What ``hub serving reload | load | unload | scale`` do inside the supervisor.

Each returns at once with a function that tells, some ticks later, how it ended. A module is planned by the
``Planner``, which looks it up in the registry again, so a version installed since is found.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from hub.errors import ServerError
from hub.serving.config.server_config import ModuleConfig, ServingConfig
from hub.serving.messages.control import Answer, Pending
from hub.serving.messages.state import FAILED, LOADING
from hub.serving.supervisor.backend import Fleet, ServingEngine
from hub.serving.supervisor.slots import FleetPlan


class Planner(Protocol):
    """From a module's configuration to a plan; see ``hub/serving/supervisor/planning.py``."""

    def plan(self, name: str, config: ServingConfig, generation: int) -> FleetPlan: ...

    def reread(self) -> ServingConfig | None:
        """The config file as it is now, None where the server was started without one."""
        ...


@dataclass
class Operations:
    """The supervisor's fleets, and how to change them while they serve."""

    config: ServingConfig
    planner: Planner
    engine: ServingEngine
    fleets: dict[str, Fleet]
    leaving: list[Fleet]

    def start(self, name: str) -> Fleet:
        """Begin to serve a module that the configuration names."""
        fleet = self.engine.fleet(self.planner.plan(name, self.config, 1))
        self.fleets[name] = fleet
        return fleet

    def do(self, request: dict[str, Any]) -> Pending:
        """Begin what a control request asks for; raises HubError when it cannot be begun."""
        actions: dict[str, Callable[[dict[str, Any]], Pending]] = {
            "reload": self._reload,
            "load": self._load,
            "unload": self._unload,
            "scale": self._scale,
        }
        action = actions.get(str(request.get("do")))
        if action is None:
            raise ServerError(f"unknown request {request.get('do')!r}; known: {', '.join(actions)}")
        return action(request)

    # -- the four ----------------------------------------------------------------------------------

    def _reload(self, request: dict[str, Any]) -> Pending:
        if request.get("module") is None:
            return self._reload_config()
        return self._renew(str(request["module"]))

    def _load(self, request: dict[str, Any]) -> Pending:
        name, version = str(request["module"]), request.get("version")
        if name in self.fleets:
            raise ServerError(f"{name} is served already; use reload for another version of it")
        entry = ModuleConfig(init_args={"version": version} if version else {})
        self._configure(name, entry)
        try:
            fleet = self.start(name)
        except Exception:
            self._configure(name, None)
            raise

        def settled() -> Answer | None:
            if fleet.state == LOADING:
                return None
            if fleet.state == FAILED:
                self._remove(name)
                return {"ok": False, "message": f"{name} did not load: {fleet.reason}"}
            return {"ok": True, "message": f"{name} {fleet.spec.version} is served"}

        return _once(settled)

    def _unload(self, request: dict[str, Any]) -> Pending:
        name = str(request["module"])
        fleet = self._fleet(name)
        if len(self.fleets) == 1:
            raise ServerError(f"{name} is the only module here; stop the server instead")
        self._remove(name)
        return lambda: {"ok": True, "message": f"{name} is no longer served"} if fleet.is_empty else None

    def _scale(self, request: dict[str, Any]) -> Pending:
        name, runners = str(request["module"]), int(request["runners"])
        self._fleet(name)
        if not 1 <= runners <= 256:
            raise ServerError(f"between 1 and 256 runners, not {runners}")
        before = self.config.modules_info[name]
        instances = [{"count": runners}]
        self._configure(name, ModuleConfig.model_validate({**before.model_dump(), "instances": instances}))
        return self._renew(name, on_failure=lambda: self._configure(name, before))

    # -- inside --------------------------------------------------------------------------------------

    def _fleet(self, name: str) -> Fleet:
        if name not in self.fleets:
            raise ServerError(f"{name} is not served here; served: {', '.join(self.fleets)}")
        return self.fleets[name]

    def _configure(self, name: str, entry: ModuleConfig | None) -> None:
        modules = {key: value for key, value in self.config.modules_info.items() if key != name}
        if entry is not None:
            modules[name] = entry
        self.config = self.config.model_copy(update={"modules_info": modules})

    def _remove(self, name: str) -> None:
        """Stop serving it: unknown from now on, its runners finish what they have."""
        fleet = self.fleets.pop(name)
        self._configure(name, None)
        fleet.drain(time.monotonic())
        self.leaving.append(fleet)

    def _renew(self, name: str, on_failure: Callable[[], None] = lambda: None) -> Pending:
        """The next generation of a module, beside the present one until it is ready."""
        fleet = self._fleet(name)
        generation = fleet.newest_generation + 1
        try:
            fleet.reload(self.planner.plan(name, self.config, generation), time.monotonic())
        except Exception:
            on_failure()
            raise

        def settled() -> Answer | None:
            if fleet.spec.generation >= generation and fleet.state != LOADING:
                if fleet.state != FAILED:
                    return {
                        "ok": True,
                        "message": f"{name} {fleet.spec.version} serves (generation {generation})",
                    }
            elif fleet.is_reloading or fleet.state == LOADING:
                return None
            on_failure()
            return {"ok": False, "message": f"{name}: {fleet.reason or 'another reload came in between'}"}

        return _once(settled)

    def _reload_config(self) -> Pending:
        """Take what changed in the config file's modules_info; other keys need a restart."""
        fresh = self.planner.reread()
        if fresh is None:
            raise ServerError("this server was started without a config file; name the module to reload")
        before = self.config
        changed = [key for key in ServingConfig.model_fields if getattr(fresh, key) != getattr(before, key)]
        restart = [key for key in changed if key != "modules_info"]
        parts: list[Pending] = []
        self.config = before.model_copy(update={"modules_info": fresh.modules_info})
        for name in [name for name in self.fleets if name not in fresh.modules_info]:
            self._remove(name)
        for name, entry in fresh.modules_info.items():
            if name not in self.fleets:
                fleet = self.start(name)
                parts.append(_until_loaded(name, fleet))
            elif entry != before.modules_info.get(name):
                parts.append(self._renew(name))

        def settled() -> Answer | None:
            answers = [part() for part in parts]
            if None in answers:
                return None
            said = [answer["message"] for answer in answers if answer] or ["no module has changed"]
            if restart:
                said.append(f"restart the server for: {', '.join(restart)}")
            return {"ok": all(answer and answer["ok"] for answer in answers), "message": "; ".join(said)}

        return settled


def _once(pending: Pending) -> Pending:
    """Keep the first answer: settling may have effects of its own."""
    answer: Answer | None = None

    def settled() -> Answer | None:
        nonlocal answer
        if answer is None:
            answer = pending()
        return answer

    return settled


def _until_loaded(name: str, fleet: Fleet) -> Pending:
    def settled() -> Answer | None:
        if fleet.state == LOADING:
            return None
        is_up = fleet.state != FAILED
        return {
            "ok": is_up,
            "message": f"{name} is served" if is_up else f"{name} did not load: {fleet.reason}",
        }

    return settled
