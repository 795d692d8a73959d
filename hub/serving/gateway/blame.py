"""Why a runner died under a request, as the supervisor publishes it: by that the request is judged.

The gateway sees the connection break first. The supervisor finds the death some milliseconds later, when it
is woken for it, and writes the cause into ``state.json``; so the gateway waits for that, but not for long.
"""

from __future__ import annotations

import time
from typing import Final

from hub.serving.messages import death
from hub.serving.messages.state import StateReader

#: So long the supervisor may take to tell; without its word nobody is blamed.
CAUSE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.01


def cause_of_death(states: StateReader, module: str, runner: int | None, since: float, until: float) -> str:
    """Wait until the cause is published and return it; UNKNOWN where that takes too long.

    Args:
        states: what the supervisor publishes.
        module: whose runner it was.
        runner: its PID, where it has said so. Without, every death of the module's runners since the request
            was sent may be the one: then they count as KILLED only if all of them are.
        since: ``time.monotonic()`` when the request was sent to it.
        until: ``time.monotonic()`` when nobody waits for the request any more.
    """
    until = min(until, time.monotonic() + CAUSE_SECONDS)
    while True:
        served = states.current().modules.get(module)
        found = [
            each.cause
            for each in (served.deaths if served is not None else ())
            if each.at >= since and runner in (None, each.pid)
        ]
        if found:
            return next((cause for cause in found if cause != death.KILLED), death.KILLED)
        if served is None or time.monotonic() >= until:
            return death.UNKNOWN
        time.sleep(_LOOK_SECONDS)
