"""What an honest caller met before, during and after an attack, and what the server had left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.attack_caller import Row

#: Of all calls during an attack.
LOST_SHARE = 0.01
#: The 99th percentile during an attack may be so many times that of before, or so long.
P99_FACTOR = 3.0
P99_SECONDS = 0.2
#: What may be more after an attack than before it. Some descriptors and threads come and go at rest.
MEMORY_MB = 50.0
COUNT_NOISE = 4


@dataclass(frozen=True)
class Phase:
    """Calls that began within a span of time; ``seconds`` are those of the answered POSTs, in order."""

    calls: int
    seconds: tuple[float, ...]
    lost: int
    refused: int
    failed: int
    slowest_health: float

    @property
    def errors(self) -> int:
        return self.lost + self.refused + self.failed

    def percentile(self, percent: float) -> float:
        """Return a time that so many of the answers did not exceed; infinite where there was none."""
        if not self.seconds:
            return float("inf")
        return self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * percent / 100))]

    def figures(self) -> dict[str, float | int | None]:
        p50, p99 = (self.percentile(percent) if self.seconds else None for percent in (50, 99))
        return {
            "calls": self.calls,
            "lost": self.lost,
            "refused": self.refused,
            "failed": self.failed,
            "p50_ms": None if p50 is None else round(p50 * 1000, 1),
            "p99_ms": None if p99 is None else round(p99 * 1000, 1),
            "slowest_health_ms": round(self.slowest_health * 1000, 1),
        }


@dataclass(frozen=True)
class Resources:
    """What the processes of a server have together."""

    memory_mb: float
    descriptors: int
    threads: int


def phase(rows: Sequence[Row], begin: float, end: float) -> Phase:
    """Sum up the calls that began from ``begin`` to ``end``."""
    calls = [row for row in rows if begin <= row[1] < end]
    answers = [code for _, _, seconds, code in calls if seconds is not None]
    refused = sum(code in (429, 503) for code in answers)
    answered = [(seconds, is_health) for is_health, _, seconds, _ in calls if seconds is not None]
    return Phase(
        calls=len(calls),
        seconds=tuple(sorted(seconds for seconds, is_health in answered if not is_health)),
        lost=len(calls) - len(answers),
        refused=refused,
        failed=sum(code != 200 for code in answers) - refused,
        slowest_health=max((seconds for seconds, is_health in answered if is_health), default=0.0),
    )


def is_recovered(before: Resources, after: Resources) -> bool:
    return not left_over(before, after)


def left_over(before: Resources, after: Resources) -> list[str]:
    """Say what is more after an attack than before it."""
    found = []
    if after.memory_mb > before.memory_mb + MEMORY_MB:
        found.append(f"{before.memory_mb:.0f} MB before, {after.memory_mb:.0f} MB after")
    for name in ("descriptors", "threads"):
        had, has = getattr(before, name), getattr(after, name)
        if has > had + COUNT_NOISE:
            found.append(f"{had} {name} before, {has} after")
    return found


def missed(before: Phase, during: Phase, *, floor_seconds: float = P99_SECONDS) -> list[str]:
    """Say what an honest caller should not have met."""
    found = []
    if not before.calls or not during.calls:
        return [f"{before.calls} calls before and {during.calls} during it"]
    if during.errors > LOST_SHARE * during.calls:
        found.append(
            f"{during.lost} lost, {during.refused} refused and {during.failed} failed of {during.calls}"
        )
    limit = max(P99_FACTOR * before.percentile(99), floor_seconds)
    if during.percentile(99) > limit:
        found.append(
            f"p99 {during.percentile(99) * 1000:.0f} ms, before {before.percentile(99) * 1000:.0f} ms"
        )
    return found
