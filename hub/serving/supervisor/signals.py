"""The signals of a server, and what each asks for.

TERM, INT   finish what runs, then end; a second one ends everything at once
QUIT        end everything at once
HUP         reload, as ``hub serving reload`` does; as TERM where the server's terminal has closed
USR1        open the log files again, which somebody has rotated
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial

from hub.errors import HubError
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.supervisor import systemd
from hub.serving.supervisor.control_server import Pending

log = logging.getLogger("hub.supervisor")


class Asked(Enum):
    """A request by signal."""

    STOP = "finish what runs, then end"
    END = "end at once"
    RELOAD = "take what changed in the config file"
    REOPEN_LOGS = "open the log files again"


_MEANING = {
    signal.SIGTERM: Asked.STOP,
    signal.SIGINT: Asked.STOP,
    signal.SIGQUIT: Asked.END,
    signal.SIGHUP: Asked.RELOAD,
    signal.SIGUSR1: Asked.REOPEN_LOGS,
}


class Signals:
    """Collects signals. Their handlers do nothing but wake the loop."""

    def __init__(self) -> None:
        # nohup has SIGHUP ignored: the server is to outlive its terminal.
        self._follows_terminal = _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        self._numbers: list[int] = []

    @contextlib.contextmanager
    def collected(self) -> Iterator[int]:
        """Collect signals meanwhile; gives a descriptor to poll, which also wakes for SIGCHLD."""
        read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        handlers: dict[signal.Signals, Callable[..., None]] = {
            number: lambda number, _: self._numbers.append(number) for number in _MEANING
        }
        handlers[signal.SIGCHLD] = lambda *_: None
        previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        previous_wakeup = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        try:
            yield read_end
        finally:
            signal.set_wakeup_fd(previous_wakeup)
            for number, handler in previous.items():
                signal.signal(number, handler)
            os.close(read_end)
            os.close(write_end)

    def take(self) -> list[Asked]:
        """Return what was asked for since the last call, in order."""
        numbers, self._numbers = self._numbers, []
        return [self._meaning(signal.Signals(number)) for number in numbers]

    def _meaning(self, number: signal.Signals) -> Asked:
        if number is signal.SIGHUP and self._follows_terminal and not _has_terminal():
            return Asked.STOP
        return _MEANING[number]


def _has_terminal() -> bool:
    """Tell whether this process has a terminal that is still open."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


class Reloads:
    """Reloads that nobody waits for: the log tells how they ended, and systemd hears of them."""

    def __init__(self, do: Callable[[ControlRequest], Pending]) -> None:
        self._do = do
        self._is_asked = False
        self._pending: Pending | None = None

    def ask(self) -> None:
        """Have what ``hub serving reload`` does done, after one that is under way."""
        self._is_asked = True

    def tick(self) -> None:
        """Begin one that was asked for, and report one that is done."""
        if self._pending is None and self._is_asked:
            self._is_asked = False
            log.info("told to reload")
            systemd.tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            self._pending = self._begin()
        answer = self._pending() if self._pending is not None else None
        if answer is not None:
            log.log(logging.INFO if answer.ok else logging.ERROR, "reload: %s", answer.message)
            systemd.tell("READY=1")
            self._pending = None

    def _begin(self) -> Pending:
        try:
            return self._do(ControlRequest("reload"))
        except Exception as error:  # a mistake in a config or in us; systemd is still told that it is over
            if not isinstance(error, (HubError, OSError)):
                log.exception("a reload failed")
            return partial(ControlAnswer, ok=False, message=f"nothing has changed: {error}")
