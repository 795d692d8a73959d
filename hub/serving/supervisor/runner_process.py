"""Starting and ending one child process: a runner, or the gateway.

Always exec, never a bare fork; only the descriptors named are passed on. Each child holds the read end of
the supervisor's lifeline pipe: end of file tells it that the supervisor is gone.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hub import settings
from hub.registry.store.environment import expose_hub
from hub.serving.messages.heartbeat import Heartbeat, hung
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.process import procfs
from hub.serving.supervisor.placement import RunnerPlan

#: After SIGABRT the runner writes its stacks; then it is killed.
ABORT_SECONDS = 2.0
#: An idle runner thread ticks every second; this long without a tick means that it is frozen.
IDLE_TIMEOUT = 5.0


class Child:
    """A started process and when it must be gone at the latest."""

    #: Of those that were started and not yet closed.
    pids: ClassVar[set[int]] = set()

    def __init__(
        self,
        arguments: Sequence[str],
        pass_fds: Sequence[int],
        environment: dict[str, str] | None = None,
        interpreter: str | None = None,
    ) -> None:
        self.popen = subprocess.Popen(
            [interpreter or sys.executable, "-m", *arguments],
            pass_fds=pass_fds,
            close_fds=True,
            start_new_session=True,  # Ctrl-C at the terminal reaches the supervisor only
            stdin=subprocess.DEVNULL,
            env=settings.child_environment(environment),
        )
        self.pid = self.popen.pid
        self.pids.add(self.pid)
        self.started = procfs.started(self.pid) or 0
        self.kill_at: float | None = None

    @property
    def has_exited(self) -> bool:
        """Whether it ended; leaves the zombie, so that its PID (and group) cannot change hands yet."""
        if self.popen.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    @property
    def is_ending(self) -> bool:
        return self.kill_at is not None

    def end(self, number: signal.Signals, kill_at: float) -> None:
        """Signal it, and have ``enforce`` kill it from ``kill_at`` on; an earlier date stands."""
        self.kill_at = kill_at if self.kill_at is None else min(self.kill_at, kill_at)
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)

    def enforce(self, now: float) -> None:
        if self.kill_at is not None and now >= self.kill_at and not self.has_exited:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to it and whatever it started in its session (module code may fork)."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> int:
        """After it has exited: end stragglers of its session, reap it, return its exit code."""
        self.kill()
        code = self.popen.wait()
        self.pids.discard(self.pid)
        return code


def reap_orphans() -> None:
    """As PID 1 of a container: see off the processes that became ours when their parents died.

    Nobody else can, and each would stay a zombie that counts towards the container's limit of processes.
    """
    if os.getpid() != 1:
        return
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, children.read_text().split()):
            if pid not in Child.pids:
                with contextlib.suppress(ChildProcessError):
                    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)


class RunnerProcess(Child):
    """A runner: its place, its status pipe and its heartbeat.

    Attributes:
        message: what it said about its loading, empty until it did.
        memory_mb: proportional set size when it was last weighed.
    """

    _serial: ClassVar[Iterator[int]] = itertools.count(1)

    def __init__(
        self, spec: RunnerSpec, plan: RunnerPlan, run_dir: Path, listener: int, lifeline: int, now: float
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.is_ready = False
        self.born = now
        self.message: dict[str, Any] = {}
        self.memory_mb = 0.0
        self._heartbeat: Heartbeat | None = None
        self._buffer = b""
        self._beat_path = run_dir / f"beat-{next(self._serial)}"
        Heartbeat.create(self._beat_path)
        spec_path = run_dir / f"{spec.name}-{spec.generation}.json"
        if not spec_path.exists():
            spec.write(spec_path)
        self.status, write_end = os.pipe()
        os.set_blocking(self.status, False)
        descriptors = {"listener": listener, "lifeline": lifeline, "status": write_end}
        arguments = ["hub.serving.runner", spec.name, "--spec", str(spec_path)]
        arguments += ["--heartbeat", str(self._beat_path)]
        for name, descriptor in descriptors.items():
            arguments += [f"--{name}", str(descriptor)]
        if plan.gpu is not None:
            arguments.append("--use_gpu")
        try:
            environment = {**plan.environment(), **spec.environment()}
            if spec.interpreter is not None:  # it knows nothing of ours, not even the hub
                environment |= expose_hub(run_dir / "path")
            super().__init__(arguments, tuple(descriptors.values()), environment, spec.interpreter)
        finally:
            os.close(write_end)

    def read_status(self) -> None:
        """Take in the runner's one message (ready, or why not) once it is there whole."""
        if self.message:
            return
        try:
            while chunk := os.read(self.status, 65536):
                self._buffer += chunk
        except BlockingIOError:
            pass
        line, newline, _ = self._buffer.partition(b"\n")
        if not newline:
            return
        self.message = json.loads(line)
        if self.message["state"] == "ready":
            self._heartbeat = Heartbeat(self._beat_path, self.message["concurrency"])
            self.is_ready = True

    @property
    def served(self) -> int:
        """Requests it has handled."""
        return sum(beat.served for beat in self._heartbeat.read()) if self._heartbeat else 0

    def weigh(self) -> None:
        self.memory_mb = round(procfs.memory_mb(self.pid))

    def why_hung(self, now: float, hang_timeout: float) -> str | None:
        if self._heartbeat is None or self.is_ending:
            return None
        return hung(self._heartbeat.read(), now, hang_timeout, IDLE_TIMEOUT)

    def abort(self, now: float) -> None:
        """Have a hung runner dump its stacks into the log, then kill it."""
        self.end(signal.SIGABRT, now + ABORT_SECONDS)
        # A stopped process takes no SIGABRT until it continues.
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(signal.SIGCONT)

    def close(self) -> int:
        os.close(self.status)
        if self._heartbeat is not None:
            self._heartbeat.close()
        self._beat_path.unlink(missing_ok=True)
        return super().close()
