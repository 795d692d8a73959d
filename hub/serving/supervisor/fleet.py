"""The runners of one module: keeps as many READY as planned, replaces the dead, the hung and the worn,
swaps generations without a gap, and gives a module up that does not load.

All time is passed in. Nothing here waits: the supervisor calls ``tick`` often, and each call moves things on.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.state import FAILED, LOADING, READY, ModuleState, ProcessState
from hub.serving.supervisor.runner_process import RunnerProcess
from hub.serving.supervisor.slots import RELOAD_FAILED, FleetPlan, Seat

log = logging.getLogger("hub.supervisor")

#: How often the memory of runners is looked at: the kernel counts for 14 ms with an OCR runner, and keeps its
#: memory from changing meanwhile.
MEMORY_SECONDS = 15.0


class RunnerFleet:
    """One module's runners, on one listening socket that outlives them all."""

    def __init__(self, plan: FleetPlan, run_dir: Path, lifeline: int) -> None:
        self.restarts = 0
        self.reason = ""
        self.manifest: dict[str, Any] = {}
        self.newest_generation = plan.spec.generation
        self._plan = plan
        self._run_dir = run_dir
        self._lifeline = lifeline
        self._path = run_dir / f"{plan.spec.name[:40]}-{id(self):x}.sock"
        self._listener: socket.socket | None = None
        self._seats = plan.seats()
        self._incoming: tuple[FleetPlan, list[Seat]] | None = None
        self._retiring: list[RunnerProcess] = []
        self._has_served = False
        self._is_draining = False
        self._next_weighing = 0.0
        self._listen()

    # -- what the supervisor asks ---------------------------------------------------------------

    @property
    def spec(self) -> RunnerSpec:
        """Of the generation that serves, or that is meant to."""
        return self._plan.spec

    @property
    def state(self) -> str:
        if self._listener is None:
            return FAILED
        return READY if self._has_served else LOADING

    @property
    def is_reloading(self) -> bool:
        return self._incoming is not None

    @property
    def is_empty(self) -> bool:
        return not self._runners()

    def status_descriptors(self) -> list[int]:
        return [runner.status for runner in self._runners() if not runner.message]

    def snapshot(self) -> ModuleState:
        limits = self._plan.limits
        return ModuleState(
            name=self.spec.name,
            version=self.spec.version,
            state=self.state,
            reason=self.reason,
            generation=self.spec.generation,
            socket=str(self._path),
            restarts=self.restarts,
            runners_wanted=len(self._seats),
            threads=self._seats[0].place.threads,
            runners=tuple(_process_state(runner) for runner in self._runners()),
            manifest=self.manifest,
            limits={"timeout": limits.timeout, "max_queue_size": limits.max_queue_size},
        )

    # -- what the supervisor does ---------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Take note of deaths and messages, then start, end and swap what that calls for."""
        for seat in self._all_seats():
            self._attend(seat, now)
        for runner in list(self._retiring):
            runner.enforce(now)
            if runner.has_exited:
                runner.close()
                self._retiring.remove(runner)
        self._swap_when_ready(now)
        if self._is_draining or self._listener is None:
            return
        for seat in self._all_seats():
            if seat.runner is None and seat.policy.may_start(now):
                seat.runner = self._start(seat, now)
        self._recycle(now)

    def reload(self, plan: FleetPlan, now: float) -> None:
        """Start the next generation beside the present one, which goes when the new one is READY.

        A FAILED module has none to keep: it simply starts again.
        """
        self.newest_generation = plan.spec.generation
        if self._incoming is not None:
            self._drop_incoming(now)
        if self._listener is not None:
            self._incoming = (plan, plan.seats())
            return
        self._plan.release()
        self._plan, self._seats = plan, plan.seats()
        self.reason, self._has_served = "", False
        self._listen()

    def drain(self, now: float) -> None:
        """Let every runner finish its batch and leave; more calls change nothing."""
        if not self._is_draining:
            self._is_draining = True
            self._retire(self._all_seats(), now)

    def kill(self) -> None:
        for runner in self._runners():
            runner.kill()

    def close(self) -> None:
        """Stop listening, let go of the module's files."""
        self._stop_listening()
        if self._incoming is not None:
            self._incoming[0].release()
        self._plan.release()

    # -- inside ------------------------------------------------------------------------------------

    def _all_seats(self) -> list[Seat]:
        return [*self._seats, *(self._incoming[1] if self._incoming else [])]

    def _runners(self) -> list[RunnerProcess]:
        return [runner for seat in self._all_seats() for runner in seat.runners()] + self._retiring

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self._path))
        self._path.chmod(0o600)
        listener.setblocking(False)  # once, here: the flag is shared by all who inherit the socket
        listener.listen(max(0, self._plan.limits.max_queue_size - 1))  # listen(n) admits n + 1
        self._listener = listener

    def _stop_listening(self) -> None:
        """From now on a connect fails at once instead of waiting for nobody."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                # Also for a grandchild that a module forked and that still holds the descriptor.
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)

    def _start(self, seat: Seat, now: float) -> RunnerProcess:
        assert self._listener is not None
        return RunnerProcess(
            seat.spec, seat.place, self._run_dir, self._listener.fileno(), self._lifeline, now
        )

    def _attend(self, seat: Seat, now: float) -> None:
        for runner in seat.runners():
            was_ready = runner.is_ready
            runner.read_status()
            if runner.is_ready and not was_ready:
                self._became_ready(seat, runner, now)
            if runner.has_exited:
                self._died(seat, runner, now)
                continue
            runner.enforce(now)
            if (
                not runner.is_ready
                and not runner.is_ending
                and now - runner.born > self._plan.limits.load_timeout
            ):
                runner.message = {"state": "failed", "reason": self._plan.limits.not_loaded}
                runner.end(signal.SIGKILL, now)
            why = runner.why_hung(now, self._plan.limits.hang_timeout)
            if why:
                log.error("%s: runner %d hangs (%s); it is replaced", self.spec.name, runner.pid, why)
                runner.abort(now)

    def _became_ready(self, seat: Seat, runner: RunnerProcess, now: float) -> None:
        seat.policy.became_ready()
        runner.weigh()
        if seat in self._seats:
            self.manifest = runner.message["manifest"]
            self._has_served = True
            self.reason = ""
        log.info("%s: runner %d is ready on %s", self.spec.name, runner.pid, runner.plan.device)
        if runner is seat.spare:
            worn, seat.runner, seat.spare = seat.runner, runner, None
            if worn is not None:
                self._let_go(worn, now)

    def _died(self, seat: Seat, runner: RunnerProcess, now: float) -> None:
        code = runner.close()
        if runner is seat.spare:
            seat.spare = None
        else:
            seat.runner, seat.spare = seat.spare, None
        if runner.is_ready:
            self.restarts += 1
            seat.policy.died_ready(now)
            log.warning("%s: runner %d died (%s); another takes over", self.spec.name, runner.pid, _how(code))
            return
        seat.policy.died_loading(now)
        reason = str(runner.message.get("reason") or f"its runner died while loading ({_how(code)})")
        log.warning("%s: a runner did not load: %s", self.spec.name, reason)
        is_hopeless = seat.policy.gives_up or bool(runner.message.get("final"))
        if self._incoming is not None and seat in self._incoming[1]:
            if is_hopeless:
                log.error("%s: the new generation does not come up, the old one stays", self.spec.name)
                self.reason = f"{RELOAD_FAILED}{reason}"
                self._drop_incoming(now)
        elif seat.policy.gives_up or (is_hopeless and not self._has_served):
            self._fail(reason, now)

    def _swap_when_ready(self, now: float) -> None:
        if self._incoming is None or not all(seat.is_ready for seat in self._incoming[1]):
            return
        old_plan, old_seats = self._plan, self._seats
        (self._plan, self._seats), self._incoming = self._incoming, None
        first = self._seats[0].runner
        assert first is not None
        self.manifest = first.message["manifest"]
        self._has_served, self.reason = True, ""
        self._retire(old_seats, now)
        old_plan.release()
        log.info("%s: generation %d serves", self.spec.name, self.spec.generation)

    def _drop_incoming(self, now: float) -> None:
        assert self._incoming is not None
        (plan, seats), self._incoming = self._incoming, None
        self._retire(seats, now)
        plan.release()

    def _fail(self, reason: str, now: float) -> None:
        log.error("%s: given up: %s", self.spec.name, reason)
        self.reason = reason
        self._stop_listening()
        self._retire(self._seats, now)

    def _retire(self, seats: Sequence[Seat], now: float) -> None:
        """Ask their runners to finish; the seats are empty from now on."""
        for seat in seats:
            for runner in seat.runners():
                self._let_go(runner, now)
            seat.runner = seat.spare = None

    def _let_go(self, runner: RunnerProcess, now: float) -> None:
        runner.end(signal.SIGTERM, now + self._plan.limits.graceful_timeout)
        self._retiring.append(runner)

    def _recycle(self, now: float) -> None:
        """Begin to replace one worn runner; its place is taken over when the new one is ready."""
        limits = self._plan.limits
        if now >= self._next_weighing:
            self._next_weighing = now + MEMORY_SECONDS
            for runner in self._runners():
                runner.weigh()
        if self._incoming is not None or any(seat.spare for seat in self._seats):
            return
        for seat in self._seats:
            if not seat.is_ready or seat.runner is None or not seat.policy.may_start(now):
                continue
            served, memory = seat.runner.served, seat.runner.memory_mb
            if (limits.max_requests and served >= limits.max_requests) or (
                limits.max_memory_mb and memory > limits.max_memory_mb
            ):
                log.info(
                    "%s: runner %d is worn (%d requests, %.0f MB)",
                    self.spec.name,
                    seat.runner.pid,
                    served,
                    memory,
                )
                seat.spare = self._start(seat, now)
                return


def _process_state(runner: RunnerProcess) -> ProcessState:
    return ProcessState(
        pid=runner.pid,
        started=runner.started,
        role="runner",
        ready=runner.is_ready and not runner.is_ending,
        generation=runner.spec.generation,
        device=runner.plan.device,
        memory_mb=runner.memory_mb,
    )


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
