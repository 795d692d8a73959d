"""A runner as the supervisor has it: a child process with a status pipe and a heartbeat."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal

from hub.registry.store.environment import expose_hub
from hub.serving.messages import death
from hub.serving.messages.heartbeat import Heartbeat, hung
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.messages.state import ProcessState
from hub.serving.process import leftovers, procfs
from hub.serving.supervisor.ceiling import MemoryCeiling
from hub.serving.supervisor.child import Child
from hub.serving.supervisor.placement import RunnerPlan

log = logging.getLogger("hub.supervisor")

#: After SIGABRT the runner writes its stacks; then it is killed.
ABORT_SECONDS = 2.0
#: An idle runner thread ticks every second; this long without a tick means that it is frozen.
IDLE_TIMEOUT = 5.0
#: A runner hangs only if it still does so long after it was first found to: one that merely got no CPU has
#: ticked by then.
SECOND_LOOK_SECONDS = 1.5


class RunnerProcess(Child):
    """A runner: its place, its status pipe and its heartbeat.

    Attributes:
        answer: how its loading ended, as it said; None until it did.
        memory_mb: proportional set size when it was last weighed.
    """

    def __init__(
        self, spec: RunnerSpec, plan: RunnerPlan, run_dir: RunDir, listener: int, lifeline: int, now: float
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.is_ready = False
        self.born = now
        self.answer: RunnerStatus | None = None
        self.memory_mb = 0.0
        self._heartbeat: Heartbeat | None = None
        self._buffer = b""
        self._suspected: float | None = None
        self._is_hung = self._is_too_large = False
        spec_path = run_dir.spec(spec.name, spec.generation)
        spec.write(spec_path)
        environment = {**plan.environment(), **spec.environment(), leftovers.VARIABLE: str(run_dir.path)}
        if spec.interpreter is not None:  # it knows nothing of ours, not even the hub
            environment |= expose_hub(run_dir.python_path)
        with contextlib.ExitStack() as undo:
            self._beat = _opened(undo, Heartbeat.create())
            self.status, write_end = (_opened(undo, end) for end in os.pipe())
            os.set_blocking(self.status, False)
            descriptors = {
                "listener": listener,
                "lifeline": lifeline,
                "status": write_end,
                "heartbeat": self._beat,
            }
            arguments = ["hub.serving.runner", spec.name, "--spec", str(spec_path)]
            for name, descriptor in descriptors.items():
                arguments += [f"--{name}", str(descriptor)]
            if plan.gpu is not None:
                arguments.append("--use_gpu")
            super().__init__(arguments, tuple(descriptors.values()), environment, spec.interpreter)
            undo.pop_all()
        os.close(write_end)
        self._ceiling = MemoryCeiling(self.pid, spec.memory_limit_mb)

    def enforce(self, now: float) -> None:
        """Kill it when it is late, or above its ceiling of memory."""
        super().enforce(now)
        excess_mb = self._ceiling.excess_mb(now)
        if excess_mb:
            log.error(
                "%s: runner %d has %.0f MB, above %d MB (runner_memory_limit_mb); it is killed",
                self.spec.name, self.pid, excess_mb, self._ceiling.limit_mb,
            )  # fmt: skip
            self._is_too_large = True
            self.kill()

    def read_status(self) -> None:
        """Take in the runner's one message (ready, or why not) once it is there whole."""
        if self.answer is not None:
            return
        try:
            while chunk := os.read(self.status, 65536):
                self._buffer += chunk
        except BlockingIOError:
            pass
        line, newline, _ = self._buffer.partition(b"\n")
        if not newline:
            return
        try:
            self.answer = RunnerStatus.from_json(json.loads(line))
        except ValueError as error:  # what a module says of itself ends its own runner and no more
            self.answer = RunnerStatus(ready=False, reason=f"it cannot be served: {error}", final=True)
            self.kill()
        if self.answer.ready:
            self._heartbeat = Heartbeat(self._beat, self.answer.concurrency)
            self.is_ready = True

    def snapshot(self) -> ProcessState:
        """Return what is told of it."""
        return ProcessState(
            pid=self.pid,
            started=self.started,
            role="runner",
            ready=self.is_ready and not self.is_ending,
            generation=self.spec.generation,
            device=self.plan.device,
            memory_mb=self.memory_mb,
        )

    @property
    def served(self) -> int:
        """Requests it has handled."""
        return sum(beat.served for beat in self._heartbeat.read()) if self._heartbeat else 0

    def weigh(self) -> None:
        """Measure its memory."""
        self.memory_mb = round(procfs.memory_mb(self.pid))

    def hang_reason(self, now: float, hang_timeout: float, since: float = 0.0) -> str | None:
        """Return why it counts as hung, None while it does not.

        Args:
            now: ``time.monotonic()``.
            hang_timeout: seconds that a batch may take.
            since: when the supervisor, and perhaps all of the machine, last went on after a pause.
        """
        if self._heartbeat is None or self.is_ending:
            return None
        why = hung(self._heartbeat.read(), now, hang_timeout, IDLE_TIMEOUT, since)
        if why is None:
            self._suspected = None
        elif self._suspected is None:
            self._suspected = now
        elif now - self._suspected >= SECOND_LOOK_SECONDS:
            return why
        return None

    def abort(self, now: float) -> None:
        """Have a hung runner dump its stacks into the log, then kill it."""
        self._is_hung = True
        self.end(signal.SIGABRT, now + ABORT_SECONDS)
        # A stopped process takes no SIGABRT until it continues.
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(signal.SIGCONT)

    def cause(self, code: int, *, has_oom_struck: bool) -> str:
        """Return why it died, one of ``death``'s words.

        Args:
            code: its exit code, as ``close`` returned it.
            has_oom_struck: the kernel's OOM killer was at work a moment ago.
        """
        if self._is_hung:
            return death.HUNG
        if self._is_too_large:
            return death.OUT_OF_MEMORY
        if self.was_killed:
            return death.ENDED
        if code != -signal.SIGKILL:
            return death.ENDED if self.is_ending and code == 0 else death.CRASHED
        return death.OUT_OF_MEMORY if has_oom_struck else death.KILLED

    def close(self) -> int:
        os.close(self.status)
        os.close(self._beat)
        if self._heartbeat is not None:
            self._heartbeat.close()
        return super().close()


def _opened(undo: contextlib.ExitStack, descriptor: int) -> int:
    undo.callback(os.close, descriptor)
    return descriptor
