"""[1] The runners of one module: keeps as many READY as planned, replaces the dead and the hung, swaps
generations without a gap, and gives a module up that does not load.

All time is passed in. Nothing here waits: the supervisor calls ``tick`` often, and each call moves things on.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.serving.placement import RunnerPlan
from hub.serving.process import RunnerProcess
from hub.serving.restart import RestartPolicy
from hub.serving.spec import RunnerSpec
from hub.serving.state import FAILED, LOADING, READY, ModuleState, ProcessState

log = logging.getLogger("hub.supervisor")


@dataclass(frozen=True)
class FleetLimits:
    """Seconds, and requests that may wait."""

    timeout: float
    load_timeout: float
    hang_timeout: float
    graceful_timeout: float
    max_queue_size: int


@dataclass
class Seat:
    """A runner's place in the plan; the runner in it comes and goes."""

    plan: RunnerPlan
    spec: RunnerSpec
    runner: RunnerProcess | None = None
    policy: RestartPolicy = field(default_factory=RestartPolicy)

    @property
    def is_ready(self) -> bool:
        return self.runner is not None and self.runner.is_ready and not self.runner.is_ending


class Fleet:
    """One module's runners, on one listening socket that outlives them all."""

    def __init__(
        self, spec: RunnerSpec, plans: Sequence[RunnerPlan], limits: FleetLimits, run_dir: Path, lifeline: int
    ) -> None:
        self.spec = spec
        self.limits = limits
        self.restarts = 0
        self.reason = ""
        self.manifest: dict[str, Any] = {}
        self._run_dir = run_dir
        self._lifeline = lifeline
        self._serial = 0
        self._path = run_dir / f"{spec.name[:40]}.sock"
        self._listener: socket.socket | None = None
        self._seats = [Seat(plan, spec) for plan in plans]
        self._incoming: list[Seat] = []
        self._retiring: list[RunnerProcess] = []
        self._has_served = False
        self._is_draining = False
        self._listen()

    # -- what the supervisor asks ---------------------------------------------------------------

    @property
    def state(self) -> str:
        if self._listener is None:
            return FAILED
        return READY if self._has_served else LOADING

    @property
    def is_reloading(self) -> bool:
        return bool(self._incoming)

    @property
    def is_empty(self) -> bool:
        return not self._runners()

    def status_descriptors(self) -> list[int]:
        return [runner.status for runner in self._runners() if not runner.message]

    def snapshot(self) -> ModuleState:
        runners = [
            ProcessState(
                pid=runner.pid,
                started=runner.started,
                role="runner",
                ready=runner.is_ready and not runner.is_ending,
                generation=runner.spec.generation,
                device=runner.plan.device,
            )
            for runner in self._runners()
        ]
        return ModuleState(
            name=self.spec.name,
            version=self.spec.version,
            state=self.state,
            reason=self.reason,
            generation=self.spec.generation,
            socket=str(self._path),
            restarts=self.restarts,
            runners_wanted=len(self._seats),
            runners=tuple(runners),
            manifest=self.manifest,
            limits={"timeout": self.limits.timeout, "max_queue_size": self.limits.max_queue_size},
        )

    # -- what the supervisor does ---------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Take note of deaths and messages, then start, end and swap what that calls for."""
        for seat in [*self._seats, *self._incoming]:
            self._attend(seat, now)
        for runner in list(self._retiring):
            runner.enforce(now)
            if runner.has_exited:
                runner.close()
                self._retiring.remove(runner)
        if self._incoming:
            self._swap_when_ready(now)
        if not self._is_draining and self._listener is not None:
            for seat in [*self._seats, *self._incoming]:
                if seat.runner is None and seat.policy.may_start(now):
                    self._start(seat, now)

    def reload(self, spec: RunnerSpec, plans: Sequence[RunnerPlan], limits: FleetLimits) -> None:
        """Start the next generation beside the present one, which goes when the new one is READY.

        A FAILED module has none to keep: it simply starts again.
        """
        self._retire([seat.runner for seat in self._incoming], time.monotonic())
        self.limits = limits
        seats = [Seat(plan, spec) for plan in plans]
        if self._listener is None:
            self._listen()
            self.reason, self.spec, self._seats, self._incoming = "", spec, seats, []
            self._has_served = False
        else:
            self._incoming = seats

    def drain(self, now: float) -> None:
        """Let every runner finish its batch and leave; more calls change nothing."""
        if self._is_draining:
            return
        self._is_draining = True
        seats = [*self._seats, *self._incoming]
        self._retire([seat.runner for seat in seats], now)
        for seat in seats:
            seat.runner = None

    def kill(self) -> None:
        for runner in self._runners():
            runner.kill()

    def close(self) -> None:
        """Stop listening: from now on a connect fails at once instead of waiting for nobody."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                # Also for a grandchild that a module forked and that still holds the descriptor.
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            self._path.unlink(missing_ok=True)

    # -- inside ------------------------------------------------------------------------------------

    def _runners(self) -> list[RunnerProcess]:
        seated = [seat.runner for seat in [*self._seats, *self._incoming] if seat.runner is not None]
        return seated + self._retiring

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)
        listener.bind(str(self._path))
        self._path.chmod(0o600)
        listener.setblocking(False)  # once, here: the flag is shared by all who inherit the socket
        listener.listen(max(0, self.limits.max_queue_size - 1))  # listen(n) admits n + 1
        self._listener = listener

    def _start(self, seat: Seat, now: float) -> None:
        assert self._listener is not None
        self._serial += 1
        seat.runner = RunnerProcess(
            seat.spec, seat.plan, self._run_dir, self._serial, self._listener.fileno(), self._lifeline, now
        )

    def _attend(self, seat: Seat, now: float) -> None:
        runner = seat.runner
        if runner is None:
            return
        was_ready = runner.is_ready
        message = runner.read_status() if not runner.message else None
        if message and message["state"] == "ready":
            self._became_ready(seat, runner, message)
        if runner.has_exited:
            self._died(seat, runner, now)
            return
        runner.enforce(now)
        if not was_ready and not runner.is_ending and now - runner.born > self.limits.load_timeout:
            runner.message = {
                "state": "failed",
                "reason": f"not ready after {self.limits.load_timeout:.0f} s",
            }
            runner.end(signal.SIGKILL, now)
        why = runner.why_hung(now, self.limits.hang_timeout)
        if why:
            log.error("%s: runner %d hangs (%s); it is replaced", self.spec.name, runner.pid, why)
            runner.abort(now)

    def _became_ready(self, seat: Seat, runner: RunnerProcess, message: dict[str, Any]) -> None:
        seat.policy.became_ready()
        runner.prepare_heartbeat(message["concurrency"])
        if seat in self._seats:
            self.manifest = message["manifest"]
            self._has_served = True
            self.reason = ""
        log.info("%s: runner %d is ready on %s", self.spec.name, runner.pid, runner.plan.device)

    def _died(self, seat: Seat, runner: RunnerProcess, now: float) -> None:
        code = runner.close()
        seat.runner = None
        if runner.is_ready:
            self.restarts += 1
            seat.policy.died_ready(now)
            log.warning("%s: runner %d died (%s); another is started", self.spec.name, runner.pid, _how(code))
            return
        seat.policy.died_loading(now)
        reason = str(runner.message.get("reason") or f"its runner died while loading ({_how(code)})")
        log.warning("%s: a runner did not load: %s", self.spec.name, reason)
        is_final = bool(runner.message.get("final")) and not self._has_served
        if seat in self._incoming:
            if seat.policy.gives_up or runner.message.get("final"):
                self._give_up_incoming(reason, now)
        elif is_final or seat.policy.gives_up:
            self._fail(reason, now)

    def _swap_when_ready(self, now: float) -> None:
        if not all(seat.is_ready for seat in self._incoming):
            return
        old, self._seats, self._incoming = self._seats, self._incoming, []
        self.spec = self._seats[0].spec
        first = self._seats[0].runner
        assert first is not None
        self.manifest = first.message["manifest"]
        self._has_served, self.reason = True, ""
        self._retire([seat.runner for seat in old], now)
        log.info("%s: generation %d serves", self.spec.name, self.spec.generation)

    def _give_up_incoming(self, reason: str, now: float) -> None:
        log.error("%s: the new generation did not come up, the old one stays: %s", self.spec.name, reason)
        self.reason = f"reload failed: {reason}"
        seats, self._incoming = self._incoming, []
        self._retire([seat.runner for seat in seats], now)

    def _fail(self, reason: str, now: float) -> None:
        log.error("%s: given up: %s", self.spec.name, reason)
        self.reason = reason
        self.close()
        self._retire([seat.runner for seat in self._seats], now)
        for seat in self._seats:
            seat.runner = None

    def _retire(self, runners: Sequence[RunnerProcess | None], now: float) -> None:
        for runner in runners:
            if runner is not None:
                runner.end(signal.SIGTERM, now + self.limits.graceful_timeout)
                self._retiring.append(runner)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
