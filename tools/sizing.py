"""Print the cores, pods and bits that a number of images a day takes: the table of doc/kubernetes.md.

    python tools/sizing.py [--cpu_ms 210] [--peak 3] [--utilisation 0.7] …

cpu_ms is the CPU time of one image with yours, measured: ``python -m benchmarks ocr`` has it for drawn pages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import click

SECONDS_PER_DAY = 86_400
PER_DAY = (100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)


@dataclass(frozen=True)
class Load:
    """The wanted throughput, and the machines for it.

    Attributes:
        cpu_ms: CPU time of one image, all processes of the server together.
        peak: the busiest second's rate by the day's average.
        utilisation: share of the cores that is busy in that second; the rest keeps waits short.
        pod_cores, pod_mb: of one server, and the memory that it holds.
        image_kb: of an image as it is sent.
    """

    cpu_ms: float
    peak: float
    utilisation: float
    pod_cores: int
    pod_mb: float
    image_kb: float

    def rate(self, per_day: int) -> float:
        """Images per second in the busiest second."""
        return per_day / SECONDS_PER_DAY * self.peak

    def cores(self, per_day: int) -> int:
        return math.ceil(self.rate(per_day) * self.cpu_ms / 1000 / self.utilisation)

    def pods(self, per_day: int) -> int:
        """At least two, so that one may be missing."""
        return max(2, math.ceil(self.cores(per_day) / self.pod_cores))

    def memory_gb(self, per_day: int) -> float:
        return self.pods(per_day) * self.pod_mb / 1000

    def megabits(self, per_day: int) -> float:
        """Per second, towards the servers, in the busiest second."""
        return self.rate(per_day) * self.image_kb * 8 / 1000

    def row(self, per_day: int) -> str:
        cells = (
            f"{per_day:,}".replace(",", " "),
            f"{self.rate(per_day):,.1f}".replace(",", " "),
            f"{self.cores(per_day):,}".replace(",", " "),
            f"{self.pods(per_day):,}".replace(",", " "),
            f"{self.memory_gb(per_day):,.0f} GB".replace(",", " "),
            f"{self.megabits(per_day):,.0f} Mbit/s".replace(",", " "),
        )
        return f"| {' | '.join(cells)} |"


@click.command()
@click.option("--cpu_ms", default=210.0, show_default=True, help="CPU time of one image.")
@click.option("--peak", default=3.0, show_default=True, help="Busiest second by the day's average.")
@click.option("--utilisation", default=0.7, show_default=True, help="Share of the cores busy then.")
@click.option("--pod_cores", default=4, show_default=True, help="Cores of one server.")
@click.option("--pod_mb", default=1000.0, show_default=True, help="Memory that one server holds.")
@click.option("--image_kb", default=310.0, show_default=True, help="Size of an image as it is sent.")
@click.argument("per_day", nargs=-1, type=int)
def main(
    cpu_ms: float,
    peak: float,
    utilisation: float,
    pod_cores: int,
    pod_mb: float,
    image_kb: float,
    per_day: tuple[int, ...],
) -> None:
    """Print a row for each number of images a day."""
    load = Load(cpu_ms, peak, utilisation, pod_cores, pod_mb, image_kb)
    print("| images a day | images/s at the peak | cores | pods | memory | network |")
    print("| --- | --- | --- | --- | --- | --- |")
    for number in per_day or PER_DAY:
        print(load.row(number))


if __name__ == "__main__":
    main()
