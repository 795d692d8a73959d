"""When a dead runner is started again, and when its module is given up. Pure: the clock is passed in.

A runner that died after it was READY is replaced at once. One that dies while loading is tried again after
a growing, jittered pause. A module that has served is never given up, and its pauses stay short. One that
never was READY is given up after ``max_failures`` such deaths in a row, and tried again now and then. A spare
that does not load harms nobody: it is tried again after the longest pause, as often as it takes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
#: The same once the module has served: somebody waits for it.
LONGEST_PAUSE_SERVED = 5.0
#: Between two tries of what was given up.
GIVEN_UP_PAUSE = 60.0


@dataclass
class RestartPolicy:
    """One place for a process.

    Attributes:
        has_served: what it belongs to has done its work before, and is never given up.
    """

    max_failures: int = 3
    failures: int = 0
    not_before: float = 0.0
    has_served: bool = False
    random: random.Random = field(default_factory=random.Random)

    def became_ready(self) -> None:
        self.failures = 0

    def died_ready(self, now: float) -> None:
        self.not_before = now

    def died_loading(self, now: float, *, is_final: bool = False) -> None:
        """Count a death; a final one is the last before it is given up."""
        self.failures = max(self.max_failures, self.failures + 1) if is_final else self.failures + 1
        if self.gives_up:
            self.not_before = now + GIVEN_UP_PAUSE
            return
        longest = LONGEST_PAUSE_SERVED if self.has_served else LONGEST_PAUSE
        pause = min(longest, FIRST_PAUSE * 2 ** min(self.failures - 1, 10)) * self.random.uniform(0.75, 1.25)
        self.not_before = now + min(longest, pause)

    def died_as_spare(self, now: float) -> None:
        self.not_before = now + LONGEST_PAUSE

    def serves(self, now: float) -> None:
        """Note that what it belongs to does its work: from now on it is not given up."""
        self.has_served = True
        self.not_before = min(self.not_before, now + LONGEST_PAUSE_SERVED)

    def look_later(self, now: float) -> None:
        """Have what was given up wait once more, without a try."""
        self.not_before = now + GIVEN_UP_PAUSE

    @property
    def gives_up(self) -> bool:
        return not self.has_served and self.failures >= self.max_failures

    def may_start(self, now: float) -> bool:
        return now >= self.not_before
