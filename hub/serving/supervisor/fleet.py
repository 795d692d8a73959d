"""The runners of one module: keeps as many READY as planned, replaces the dead, the hung and the worn,
swaps generations without a gap, and gives a module up for a while that does not load.

All time is passed in. Nothing here waits: the supervisor calls ``tick`` often, and each call moves things on.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence
from pathlib import Path

from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.messages.state import FAILED, LOADING, READY, ModuleState
from hub.serving.supervisor import package_check
from hub.serving.supervisor.child import exit_text
from hub.serving.supervisor.failure import DeathNotes, Failure, last_words
from hub.serving.supervisor.guard import reason
from hub.serving.supervisor.oom import OomWatch
from hub.serving.supervisor.runner_process import RunnerProcess
from hub.serving.supervisor.slots import RELOAD_FAILED, FleetPlan, Slot
from hub.serving.supervisor.sockets import ModuleSocket
from hub.serving.supervisor.transitions import AfterFailure, after_failure
from hub.serving.supervisor.watch import Watch

log = logging.getLogger("hub.supervisor")


class RunnerFleet:
    """One module's runners, on one listening socket that outlives them all."""

    def __init__(self, plan: FleetPlan, run_dir: RunDir, lifeline: int, oom: OomWatch | None = None) -> None:
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
        self._failure: Failure | None = None
        self._deaths = DeathNotes(oom or OomWatch())
        self._watch = Watch()
        self._socket.open(self._plan.limits.max_queue_size)

    # -- what the supervisor asks ---------------------------------------------------------------

    @property
    def spec(self) -> RunnerSpec:
        """Of the generation that serves, or that is meant to."""
        return self._plan.spec

    @property
    def state(self) -> str:
        if self._failure is not None:
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
            limits=self._plan.limits.of_requests,
            deaths=self._deaths.recent,
        )

    # -- what the supervisor does ---------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Take note of deaths and messages, then start, end and swap what that calls for."""
        self._socket.renew()
        self._deaths.look(now)
        self._watch.note_a_pause(self._runners(), now)
        for slot in self._all_slots():
            self._attend(slot, now)
        for runner in list(self._retiring):
            runner.enforce(now)
            if runner.has_exited:
                self._deaths.bury(runner, now)
                self._retiring.remove(runner)
        self._swap_when_ready(now)
        if self._is_draining:
            return
        for slot in self._all_slots():
            if slot.runner is None and slot.policy.may_start(now) and self._may_start(slot, now):
                slot.runner = self._start(slot, now)
                if slot.runner is None:  # the others would not fare better, and may be gone by this
                    break
        self._recycle(now)

    def reload(self, plan: FleetPlan, now: float) -> None:
        """Start the next generation beside the present one, which goes when the new one is READY.

        A FAILED module has none to keep: it simply starts again.
        """
        if self._incoming is not None:
            self._drop_incoming(now)
        if self._failure is None:
            self._incoming = (plan, plan.slots())
            return
        self._retire(self._slots, now)
        self._plan.release()
        self._plan, self._slots = plan, plan.slots()
        self.reason, self._has_served, self._failure = "", False, None
        self._socket.open(plan.limits.max_queue_size)

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

    def _may_start(self, slot: Slot, now: float) -> bool:
        """Tell whether a runner may be started: of our version, and not for what is known to fail."""
        if self._failure is not None and not self._failure.is_worth_a_try():
            slot.policy.look_later(now)
            return False
        return self._is_unchanged()

    def _is_unchanged(self) -> bool:
        """Tell whether a child would be of our version; if not, say so once and keep those there are."""
        problem = package_check.change()
        if problem and self.reason != problem:
            log.error("%s: no runner is started: %s", self.spec.name, problem)
            self.reason = problem
        return not problem

    def _start(self, slot: Slot, now: float, *, as_spare: bool = False) -> RunnerProcess | None:
        """Start a runner; where that cannot be done, it counts as one that did not load."""
        try:
            self._socket.open(self._plan.limits.max_queue_size)  # closed while the module is FAILED
            listener = self._socket.fileno()
            return RunnerProcess(slot.spec, slot.place, self._run_dir, listener, self._lifeline, now)
        except OSError as error:
            said = RunnerStatus(ready=False, reason=f"its runner cannot be started: {reason(error)}")
            if self.reason != said.reason:
                log.error("%s: %s; it is tried again", self.spec.name, said.reason)
            self._did_not_load(slot, said, now, was_spare=as_spare)
            return None

    def _attend(self, slot: Slot, now: float) -> None:
        for runner in slot.runners():
            was_ready = runner.is_ready
            runner.read_status()
            if runner.is_ready and not was_ready:
                self._became_ready(slot, runner, now)
            if runner.has_exited:
                self._bury(slot, runner, now)
            else:
                self._watch.look_at(runner, self._plan.limits, now)

    def _became_ready(self, slot: Slot, runner: RunnerProcess, now: float) -> None:
        slot.policy.became_ready()
        runner.weigh()
        if slot in self._slots:
            self._serve_as(runner, now)
        log.info("%s: runner %d is ready on %s", self.spec.name, runner.pid, runner.plan.device)
        if runner is slot.spare:
            worn, slot.runner, slot.spare = slot.runner, runner, None
            if worn is not None:
                self._let_go(worn, now)

    def _serve_as(self, runner: RunnerProcess, now: float) -> None:
        """Take over what a ready runner says of the module."""
        assert runner.answer is not None
        self.manifest = runner.answer.manifest
        self._has_served, self.reason, self._failure = True, "", None
        for slot in self._slots:
            slot.policy.serves(now)

    def _bury(self, slot: Slot, runner: RunnerProcess, now: float) -> None:
        """Take a dead runner out of its slot, and do what follows from its death."""
        code = self._deaths.bury(runner, now)
        was_spare = slot.take_out(runner)
        if runner.is_ready:
            slot.policy.died_ready(now)
            self.restarts += 1
            how = f"runner {runner.pid} died ({exit_text(code)})"
            log.warning("%s: %s; another takes over", self.spec.name, how)
            return
        said = last_words(runner, code)
        if self._failure is None or self.reason != said.reason:  # of later tries only what is new
            log.warning("%s: a runner did not load: %s", self.spec.name, said.reason)
        self._did_not_load(slot, said, now, was_spare=was_spare)

    def _did_not_load(self, slot: Slot, said: RunnerStatus, now: float, *, was_spare: bool) -> None:
        """Do what follows when a slot's runner did not come up; ``said.reason`` is why."""
        if was_spare:  # harms nobody: the worn runner goes on
            slot.policy.died_as_spare(now)
            return
        slot.policy.died_loading(now, is_final=said.final)
        is_incoming = self._incoming is not None and slot in self._incoming[1]
        siblings = [slot] if is_incoming else self._slots
        next_step = after_failure(
            is_incoming=is_incoming,
            has_served=self._has_served,
            gives_up=all(each.policy.gives_up and each.runner is None for each in siblings),
            is_final=said.final,
        )
        if next_step is AfterFailure.DROP_RELOAD:
            log.error("%s: the new generation does not come up, the old one stays", self.spec.name)
            self.reason = f"{RELOAD_FAILED}{said.reason}"
            self._drop_incoming(now)
        elif next_step is AfterFailure.FAIL:
            self._fail(said, now)
        elif not is_incoming:
            self.reason = said.reason

    def _swap_when_ready(self, now: float) -> None:
        if self._incoming is None or not all(slot.is_ready for slot in self._incoming[1]):
            return
        old_plan, old_slots = self._plan, self._slots
        (self._plan, self._slots), self._incoming = self._incoming, None
        first = self._slots[0].runner
        assert first is not None
        self._serve_as(first, now)
        self._retire(old_slots, now)
        old_plan.release()
        log.info("%s: generation %d serves", self.spec.name, self.spec.generation)

    def _drop_incoming(self, now: float) -> None:
        assert self._incoming is not None
        (plan, slots), self._incoming = self._incoming, None
        self._retire(slots, now)
        plan.release()

    def _fail(self, said: RunnerStatus, now: float) -> None:
        """Give the module up until it is worth another try: callers are told why, at once."""
        if self._failure is None:
            log.error("%s: given up: %s", self.spec.name, said.reason)
        self.reason = said.reason
        self._failure = Failure.of(Path(self.spec.directory), is_final=said.final)
        self._socket.close()
        self._retire(self._slots, now)
        for slot in self._slots:
            slot.policy.look_later(now)

    def _retire(self, slots: Sequence[Slot], now: float) -> None:
        """Ask their runners to finish; the slots are empty from now on."""
        for slot in slots:
            for runner in slot.empty():
                self._let_go(runner, now)

    def _let_go(self, runner: RunnerProcess, now: float) -> None:
        runner.end(signal.SIGTERM, now + self._plan.limits.graceful_timeout)
        self._retiring.append(runner)

    def _recycle(self, now: float) -> None:
        """Begin to replace one worn runner; its place is taken over when the new one is ready."""
        self._watch.weigh(self._runners(), now)
        worn = None if self._incoming else self._watch.find_worn(self._slots, self._plan.limits, now)
        if worn is not None and worn.runner is not None and self._is_unchanged():
            pid, served, memory = worn.runner.pid, worn.runner.served, worn.runner.memory_mb
            log.info("%s: runner %d is worn (%d requests, %.0f MB)", self.spec.name, pid, served, memory)
            worn.spare = self._start(worn, now, as_spare=True)
