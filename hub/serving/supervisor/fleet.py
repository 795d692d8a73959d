"""The runners of one module: keeps as many READY as planned, replaces the dead, the hung and the worn,
swaps generations without a gap, and gives a module up that does not load.

All time is passed in. Nothing here waits: the supervisor calls ``tick`` often, and each call moves things on.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence

from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.messages.state import FAILED, LOADING, READY, ModuleLimits, ModuleState
from hub.serving.supervisor import package_check
from hub.serving.supervisor.child import exit_text
from hub.serving.supervisor.runner_process import RunnerProcess
from hub.serving.supervisor.slots import RELOAD_FAILED, FleetPlan, Slot
from hub.serving.supervisor.sockets import ModuleSocket
from hub.serving.supervisor.transitions import AfterDeath, after_death, is_worn

log = logging.getLogger("hub.supervisor")

#: How often the memory of runners is looked at: the kernel counts for 14 ms with an OCR runner, and keeps its
#: memory from changing meanwhile.
MEMORY_SECONDS = 15.0


class RunnerFleet:
    """One module's runners, on one listening socket that outlives them all."""

    def __init__(self, plan: FleetPlan, run_dir: RunDir, lifeline: int) -> None:
        self.restarts = 0
        self.reason = ""
        self.manifest = Manifest()
        self._plan = plan
        self._run_dir = run_dir
        self._lifeline = lifeline
        self._socket = ModuleSocket(run_dir.socket(plan.spec.name, id(self)))
        self._slots = plan.slots()
        self._incoming: tuple[FleetPlan, list[Slot]] | None = None
        self._retiring: list[RunnerProcess] = []
        self._has_served = False
        self._is_draining = False
        self._next_weighing = 0.0
        self._socket.open(self._plan.limits.max_queue_size)

    # -- what the supervisor asks ---------------------------------------------------------------

    @property
    def spec(self) -> RunnerSpec:
        """Of the generation that serves, or that is meant to."""
        return self._plan.spec

    @property
    def state(self) -> str:
        if not self._socket.is_open:
            return FAILED
        return READY if self._has_served else LOADING

    @property
    def is_reloading(self) -> bool:
        return self._incoming is not None

    @property
    def is_empty(self) -> bool:
        return not self._runners()

    def status_descriptors(self) -> list[int]:
        return [runner.status for runner in self._runners() if runner.answer is None]

    def snapshot(self) -> ModuleState:
        limits = self._plan.limits
        return ModuleState(
            name=self.spec.name,
            version=self.spec.version,
            state=self.state,
            reason=self.reason,
            generation=self.spec.generation,
            socket=str(self._socket.path),
            restarts=self.restarts,
            runners_wanted=len(self._slots),
            threads=self._slots[0].place.threads,
            runners=tuple(runner.snapshot() for runner in self._runners()),
            manifest=self.manifest,
            limits=ModuleLimits(limits.timeout, limits.max_queue_size),
        )

    # -- what the supervisor does ---------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Take note of deaths and messages, then start, end and swap what that calls for."""
        self._socket.renew()
        for slot in self._all_slots():
            self._attend(slot, now)
        for runner in list(self._retiring):
            runner.enforce(now)
            if runner.has_exited:
                runner.close()
                self._retiring.remove(runner)
        self._swap_when_ready(now)
        if self._is_draining or not self._socket.is_open:
            return
        for slot in self._all_slots():
            if slot.runner is None and slot.policy.may_start(now) and self._may_start():
                slot.runner = self._start(slot, now)
        self._recycle(now)

    def reload(self, plan: FleetPlan, now: float) -> None:
        """Start the next generation beside the present one, which goes when the new one is READY.

        A FAILED module has none to keep: it simply starts again.
        """
        if self._incoming is not None:
            self._drop_incoming(now)
        if self._socket.is_open:
            self._incoming = (plan, plan.slots())
            return
        self._plan.release()
        self._plan, self._slots = plan, plan.slots()
        self.reason, self._has_served = "", False
        self._socket.open(self._plan.limits.max_queue_size)

    def drain(self, now: float) -> None:
        """Let every runner finish its batch and leave; more calls change nothing."""
        if not self._is_draining:
            self._is_draining = True
            self._retire(self._all_slots(), now)

    def kill(self) -> None:
        for runner in self._runners():
            runner.kill()

    def close(self) -> None:
        """Stop listening, let go of the module's files."""
        self._socket.close()
        if self._incoming is not None:
            self._incoming[0].release()
        self._plan.release()

    # -- inside ------------------------------------------------------------------------------------

    def _all_slots(self) -> list[Slot]:
        return [*self._slots, *(self._incoming[1] if self._incoming else [])]

    def _runners(self) -> list[RunnerProcess]:
        return [runner for slot in self._all_slots() for runner in slot.runners()] + self._retiring

    def _may_start(self) -> bool:
        """Tell whether a child would be of our version; if not, say so once and keep those there are."""
        problem = package_check.change()
        if problem and self.reason != problem:
            log.error("%s: no runner is started: %s", self.spec.name, problem)
            self.reason = problem
        return not problem

    def _start(self, slot: Slot, now: float) -> RunnerProcess:
        return RunnerProcess(slot.spec, slot.place, self._run_dir, self._socket.fileno(), self._lifeline, now)

    def _attend(self, slot: Slot, now: float) -> None:
        for runner in slot.runners():
            was_ready = runner.is_ready
            runner.read_status()
            if runner.is_ready and not was_ready:
                self._became_ready(slot, runner, now)
            if runner.has_exited:
                self._bury(slot, runner, now)
            else:
                self._watch(runner, now)

    def _watch(self, runner: RunnerProcess, now: float) -> None:
        """End a runner that loads for too long or hangs, and kill one that does not end in time."""
        limits = self._plan.limits
        runner.enforce(now)
        is_loading = not runner.is_ready and not runner.is_ending
        if is_loading and now - runner.born > limits.load_timeout:
            runner.answer = RunnerStatus(ready=False, reason=limits.not_loaded)
            runner.end(signal.SIGKILL, now)
        if why := runner.hang_reason(now, limits.hang_timeout):
            log.error("%s: runner %d hangs (%s); it is replaced", self.spec.name, runner.pid, why)
            runner.abort(now)

    def _became_ready(self, slot: Slot, runner: RunnerProcess, now: float) -> None:
        slot.policy.became_ready()
        runner.weigh()
        if slot in self._slots:
            self._serve_as(runner)
        log.info("%s: runner %d is ready on %s", self.spec.name, runner.pid, runner.plan.device)
        if runner is slot.spare:
            worn, slot.runner, slot.spare = slot.runner, runner, None
            if worn is not None:
                self._let_go(worn, now)

    def _serve_as(self, runner: RunnerProcess) -> None:
        """Take over what a ready runner says of the module."""
        assert runner.answer is not None
        self.manifest = runner.answer.manifest
        self._has_served, self.reason = True, ""

    def _bury(self, slot: Slot, runner: RunnerProcess, now: float) -> None:
        """Take a dead runner out of its slot, and do what follows from its death."""
        code = runner.close()
        was_spare = runner is slot.spare
        if was_spare:
            slot.spare = None
        else:
            slot.runner, slot.spare = slot.spare, None
        if runner.is_ready:
            slot.policy.died_ready(now)
        elif was_spare:
            slot.policy.died_as_spare(now)
        else:
            slot.policy.died_loading(now)
        said = runner.answer or RunnerStatus(ready=False)
        next_step = after_death(
            was_ready=runner.is_ready,
            is_incoming=self._incoming is not None and slot in self._incoming[1],
            has_served=self._has_served,
            gives_up=slot.policy.gives_up,
            is_final=said.final,
            was_spare=was_spare,
        )
        if next_step is AfterDeath.RESTART:
            self.restarts += 1
            log.warning(
                "%s: runner %d died (%s); another takes over", self.spec.name, runner.pid, exit_text(code)
            )
            return
        reason = said.reason or f"its runner died while loading ({exit_text(code)})"
        log.warning("%s: a runner did not load: %s", self.spec.name, reason)
        if next_step is AfterDeath.DROP_RELOAD:
            log.error("%s: the new generation does not come up, the old one stays", self.spec.name)
            self.reason = f"{RELOAD_FAILED}{reason}"
            self._drop_incoming(now)
        elif next_step is AfterDeath.FAIL:
            self._fail(reason, now)

    def _swap_when_ready(self, now: float) -> None:
        if self._incoming is None or not all(slot.is_ready for slot in self._incoming[1]):
            return
        old_plan, old_slots = self._plan, self._slots
        (self._plan, self._slots), self._incoming = self._incoming, None
        first = self._slots[0].runner
        assert first is not None
        self._serve_as(first)
        self._retire(old_slots, now)
        old_plan.release()
        log.info("%s: generation %d serves", self.spec.name, self.spec.generation)

    def _drop_incoming(self, now: float) -> None:
        assert self._incoming is not None
        (plan, slots), self._incoming = self._incoming, None
        self._retire(slots, now)
        plan.release()

    def _fail(self, reason: str, now: float) -> None:
        log.error("%s: given up: %s", self.spec.name, reason)
        self.reason = reason
        self._socket.close()
        self._retire(self._slots, now)

    def _retire(self, slots: Sequence[Slot], now: float) -> None:
        """Ask their runners to finish; the slots are empty from now on."""
        for slot in slots:
            for runner in slot.runners():
                self._let_go(runner, now)
            slot.runner = slot.spare = None

    def _let_go(self, runner: RunnerProcess, now: float) -> None:
        runner.end(signal.SIGTERM, now + self._plan.limits.graceful_timeout)
        self._retiring.append(runner)

    def _recycle(self, now: float) -> None:
        """Begin to replace one worn runner; its place is taken over when the new one is ready."""
        limits = self._plan.limits
        if now >= self._next_weighing:
            self._next_weighing = now + MEMORY_SECONDS
            for each in self._runners():
                each.weigh()
        if self._incoming is not None or any(slot.spare for slot in self._slots):
            return
        for slot in self._slots:
            runner = slot.runner
            if runner is None or not slot.is_ready or not slot.policy.may_start(now):
                continue
            served, memory = runner.served, runner.memory_mb
            worn = is_worn(
                served=served,
                memory_mb=memory,
                max_requests=limits.max_requests,
                max_memory_mb=limits.max_memory_mb,
            )
            if worn and self._may_start():
                name = self.spec.name
                log.info("%s: runner %d is worn (%d requests, %.0f MB)", name, runner.pid, served, memory)
                slot.spare = self._start(slot, now)
                return
