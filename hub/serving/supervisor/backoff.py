"""When a dead runner is started again, and when its module is given up. Pure: the clock is passed in.

A runner that died after it was READY is replaced at once. One that dies while loading is tried again after
a growing, jittered pause; after ``max_failures`` such deaths in a row the module is FAILED. A spare that does
not load harms nobody: it is tried again after the longest pause, as often as it takes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


@dataclass
class RestartPolicy:
    max_failures: int = 3
    failures: int = 0
    not_before: float = 0.0
    random: random.Random = field(default_factory=random.Random)

    def became_ready(self) -> None:
        self.failures = 0

    def died_ready(self, now: float) -> None:
        self.not_before = now

    def died_loading(self, now: float) -> None:
        self.failures += 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.failures - 1))
        self.not_before = now + pause * self.random.uniform(0.75, 1.25)

    def died_as_spare(self, now: float) -> None:
        self.not_before = now + LONGEST_PAUSE

    @property
    def gives_up(self) -> bool:
        return self.failures >= self.max_failures

    def may_start(self, now: float) -> bool:
        return not self.gives_up and now >= self.not_before
