"""Supervisor → gateway: why a runner died, in ``state.json``; it decides whether a request is to blame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.serving.messages.message import Message

#: SIGKILL that came neither from the supervisor nor from the kernel's OOM killer: nobody's fault.
KILLED: Final = "killed from outside"
#: Killed by the kernel's OOM killer, or by the supervisor above runner_memory_limit_mb.
OUT_OF_MEMORY: Final = "out of memory"
HUNG: Final = "hung"
#: By a signal of its own making, or by its exit.
CRASHED: Final = "crashed"
#: The supervisor ended it: it was late, or no longer needed.
ENDED: Final = "ended"
#: Not published in time; the gateway's own word.
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Death(Message):
    """A runner's death; ``at`` is ``time.monotonic()`` when the supervisor found it."""

    pid: int
    cause: str
    at: float
