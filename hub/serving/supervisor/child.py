"""One child process: started by exec, signalled, killed when it is late, reaped.

Never a bare fork; only the descriptors named are passed on. Each child holds the read end of the supervisor's
lifeline pipe: end of file tells it that the supervisor is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from hub import settings
from hub.serving.process import leftovers, log_files, procfs


class Child:
    """A started process and when it must be gone at the latest.

    Attributes:
        was_killed: SIGKILL came from here, while it lived.
    """

    #: Of those that were started and not yet closed.
    pids: ClassVar[set[int]] = set()

    def __init__(
        self,
        arguments: Sequence[str],
        pass_fds: Sequence[int],
        environment: dict[str, str] | None = None,
        interpreter: str | None = None,
    ) -> None:
        with log_files.signal_waits():
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
        self.was_killed = False

    @property
    def has_exited(self) -> bool:
        """True when it has ended; the zombie stays, so that its PID (and group) cannot change hands yet."""
        if self.popen.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    @property
    def is_ending(self) -> bool:
        return self.kill_at is not None

    def end(self, number: signal.Signals, kill_at: float) -> None:
        """Signal it, and have ``enforce`` kill it from ``kill_at`` on; an earlier date stands."""
        self.kill_at = kill_at if self.kill_at is None else min(self.kill_at, kill_at)
        if number is signal.SIGKILL:
            self.kill()
            return
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)

    def enforce(self, now: float) -> None:
        if self.kill_at is not None and now >= self.kill_at and not self.has_exited:
            self.kill()

    def kill(self) -> None:
        """Send SIGKILL to it and to what it started in its process group (module code may fork)."""
        self.was_killed = self.was_killed or not self.has_exited
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> int:
        """End what is left of its session, reap it and return its exit code; for after its exit."""
        self.kill()
        leftovers.end_session(self.pid)
        code = self.popen.wait()
        self.pids.discard(self.pid)
        return code


def signal_all(number: signal.Signals) -> None:
    """Signal every child."""
    for pid in Child.pids:  # none of them is another's yet: those that ended are not reaped
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def reap_orphans() -> None:
    """Reap, as PID 1 of a container, the processes that became ours when their parents died.

    Nobody else can, and each would stay a zombie that counts towards the container's limit of processes.
    """
    if os.getpid() != 1:
        return
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, children.read_text().split()):
            if pid not in Child.pids:
                with contextlib.suppress(ChildProcessError):
                    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)


def exit_text(code: int) -> str:
    """Say in words how a process ended."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
