"""A runner as the supervisor has it: a child process with a status pipe and a heartbeat."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
from collections.abc import Iterator
from typing import ClassVar

from hub.registry.store.environment import expose_hub
from hub.serving.messages import death
from hub.serving.messages.heartbeat import Heartbeat, hung
from hub.serving.messages.run_dir import RunDir
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.messages.state import ProcessState
from hub.serving.process import procfs
from hub.serving.supervisor.child import Child
from hub.serving.supervisor.placement import RunnerPlan

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

    _serial: ClassVar[Iterator[int]] = itertools.count(1)

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
        self._is_hung = False
        self._beat_path = run_dir.heartbeat(next(self._serial))
        with contextlib.ExitStack() as undo:  # nothing is left of one that cannot be started
            undo.callback(self._beat_path.unlink, missing_ok=True)
            Heartbeat.create(self._beat_path)
            spec_path = run_dir.spec(spec.name, spec.generation)
            if not spec_path.exists():
                spec.write(spec_path)
            self.status, write_end = os.pipe()
            undo.callback(os.close, self.status)
            os.set_blocking(self.status, False)
            descriptors = {"listener": listener, "lifeline": lifeline, "status": write_end}
            arguments = ["hub.serving.runner", spec.name]
            for name, value in {"spec": spec_path, "heartbeat": self._beat_path, **descriptors}.items():
                arguments += [f"--{name}", str(value)]
            if plan.gpu is not None:
                arguments.append("--use_gpu")
            try:
                environment = {**plan.environment(), **spec.environment()}
                if spec.interpreter is not None:  # it knows nothing of ours, not even the hub
                    environment |= expose_hub(run_dir.python_path)
                super().__init__(arguments, tuple(descriptors.values()), environment, spec.interpreter)
            finally:
                os.close(write_end)
            undo.pop_all()

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
            self._heartbeat = Heartbeat(self._beat_path, self.answer.concurrency)
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
        if self.was_killed:
            return death.ENDED
        if code != -signal.SIGKILL:
            return death.ENDED if self.is_ending and code == 0 else death.CRASHED
        return death.OUT_OF_MEMORY if has_oom_struck else death.KILLED

    def close(self) -> int:
        os.close(self.status)
        if self._heartbeat is not None:
            self._heartbeat.close()
        self._beat_path.unlink(missing_ok=True)
        return super().close()
