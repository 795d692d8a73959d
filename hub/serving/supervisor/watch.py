"""A fleet's eye on its runners: which of them hang, load for too long, do not end in time, or are worn."""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence

from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.supervisor.runner_process import RunnerProcess
from hub.serving.supervisor.slots import FleetLimits, Slot
from hub.serving.supervisor.transitions import is_worn

log = logging.getLogger("hub.supervisor")

#: How often the memory of runners is looked at: the kernel counts for 14 ms with an OCR runner, and keeps its
#: memory from changing meanwhile.
MEMORY_SECONDS = 15.0
#: Not having looked for so long, the supervisor was stopped, and perhaps all of the machine was: no fault of
#: the runners, whose signs of life count anew from then on.
PAUSED_SECONDS = 2.0


class Watch:
    """One module's; remembers when it last looked."""

    def __init__(self) -> None:
        self._looked: float | None = None
        self._awake_since = 0.0
        self._next_weighing = 0.0

    def note_a_pause(self, runners: Sequence[RunnerProcess], now: float) -> None:
        """Let no runner pay for the time in which nobody looked at it; to be called first on each tick."""
        gap = now - self._looked if self._looked is not None else 0.0
        self._looked = now
        if gap > PAUSED_SECONDS:
            self._awake_since = now
            for runner in runners:
                runner.born += gap

    def look_at(self, runner: RunnerProcess, limits: FleetLimits, now: float) -> None:
        """End a runner that loads for too long or hangs, and kill one that does not end in time."""
        runner.enforce(now)
        is_loading = not runner.is_ready and not runner.is_ending
        if is_loading and now - runner.born > limits.load_timeout:
            runner.answer = RunnerStatus(ready=False, reason=limits.not_loaded)
            runner.end(signal.SIGKILL, now)
        if why := runner.hang_reason(now, limits.hang_timeout, self._awake_since):
            log.error("%s: runner %d hangs (%s); it is replaced", runner.spec.name, runner.pid, why)
            runner.abort(now)

    def weigh(self, runners: Sequence[RunnerProcess], now: float) -> None:
        """Measure their memory now and then."""
        if now >= self._next_weighing:
            self._next_weighing = now + MEMORY_SECONDS
            for runner in runners:
                runner.weigh()

    def find_worn(self, slots: Sequence[Slot], limits: FleetLimits, now: float) -> Slot | None:
        """Return a place whose ready runner is to be replaced by a fresh one; None while another one is."""
        if any(slot.spare for slot in slots):
            return None
        for slot in slots:
            runner = slot.runner
            if runner is None or not slot.is_ready or not slot.policy.may_start(now):
                continue
            if is_worn(
                served=runner.served,
                memory_mb=runner.memory_mb,
                max_requests=limits.max_requests,
                max_memory_mb=limits.max_memory_mb,
            ):
                return slot
        return None
