"""A runner without a process: a test says what it reports, and sees what it was told."""

from __future__ import annotations

import signal

from hub.serving.messages import death
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.messages.state import ProcessState
from hub.serving.supervisor.placement import RunnerPlan


class FakeRunner:
    """Has what ``RunnerFleet`` uses of a ``RunnerProcess``.

    Attributes:
        ended_by: signals that it was sent, in order.
        was_reaped: the fleet has closed it.
    """

    def __init__(
        self, spec: RunnerSpec, plan: RunnerPlan, run_dir: RunDir, listener: int, lifeline: int, now: float
    ) -> None:
        self.spec, self.plan, self.born = spec, plan, now
        self.pid, self.status = 4_194_304 + plan.index, -1
        self.is_ready = self.has_exited = self.was_reaped = self.was_killed = False
        self.answer: RunnerStatus | None = None
        self.memory_mb, self.served = 0.0, 0
        self.hangs = ""
        self.awake_since = 0.0
        self.ended_by: list[signal.Signals] = []
        self.kill_at: float | None = None
        self._said: RunnerStatus | None = None

    # -- what a test does -----------------------------------------------------------------------

    def load(self, method: str = "predict") -> None:
        """Report that the module is loaded."""
        self._said = RunnerStatus(ready=True, manifest=Manifest(method=method))

    def refuse(self, reason: str, *, final: bool = False) -> None:
        """Report that the module cannot be loaded, and exit."""
        self._said = RunnerStatus(ready=False, reason=reason, final=final)
        self.has_exited = True

    def die(self) -> None:
        self.has_exited = True

    # -- what the fleet does --------------------------------------------------------------------

    def read_status(self) -> None:
        if self.answer is None and self._said is not None:
            self.answer = self._said
            self.is_ready = self.answer.ready

    @property
    def is_ending(self) -> bool:
        return self.kill_at is not None

    def end(self, number: signal.Signals, kill_at: float) -> None:
        self.ended_by.append(number)
        self.kill_at = kill_at if self.kill_at is None else min(self.kill_at, kill_at)

    def enforce(self, now: float) -> None:
        if self.kill_at is not None and now >= self.kill_at:
            self.kill()

    def abort(self, now: float) -> None:
        self.end(signal.SIGABRT, now + 2.0)

    def kill(self) -> None:
        self.was_killed = self.has_exited = True

    def close(self) -> int:
        self.was_reaped = True
        return -9

    def weigh(self) -> None:
        """Leave ``memory_mb`` as the test set it."""

    def hang_reason(self, now: float, hang_timeout: float, since: float = 0.0) -> str | None:
        self.awake_since = since
        return self.hangs or None

    def cause(self, code: int, *, has_oom_struck: bool) -> str:
        return death.KILLED

    def snapshot(self) -> ProcessState:
        return ProcessState(self.pid, 1, "runner", self.is_ready, self.spec.generation)
