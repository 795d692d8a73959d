"""Where a module's runners go: how many, on which device, with how many engine threads. Pure functions.

    default                   1 runner, all cores: lowest latency
    use_multiprocess          ``workers`` runners (2 * cores - 1 unless given)
    use_gpu                   one runner per listed card, the first card if none is listed
    instances                 as listed: {"count": 2, "kind": "cpu"}, {"count": 1, "kind": "gpu", "gpus": [0]}

An ``instances`` group of kind gpu starts ``count`` runners on *each* of its cards, as Triton does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import ConfigError
from hub.serving.config.module_config import InstanceGroup
from hub.serving.config.server_config import ServingConfig


@dataclass(frozen=True)
class RunnerPlan:
    """One runner to be: ``gpu`` is an entry of CUDA_VISIBLE_DEVICES, None on the CPU."""

    index: int
    gpu: str | None
    threads: int

    @property
    def device(self) -> str:
        return "cpu" if self.gpu is None else f"gpu:{self.gpu}"

    def environment(self) -> dict[str, str]:
        """Return what the runner's environment gets on top: its card, and its share of the cores."""
        threads = str(self.threads)
        names = ("HUB_ENGINE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = dict.fromkeys(names, threads)
        if self.gpu is not None:
            environment["CUDA_VISIBLE_DEVICES"] = self.gpu
        return environment


def default_workers(cores: int) -> int:
    """Return ``2 * cpu_count - 1``, as PaddleHub's documents say."""
    return max(1, 2 * cores - 1)


def instance_groups(config: ServingConfig, cores: int) -> Sequence[InstanceGroup]:
    """Return what PaddleHub's four switches mean in instance groups."""
    if config.use_gpu:
        per_card = (config.workers or 1) if config.use_multiprocess else 1
        return [InstanceGroup(count=per_card, kind="gpu", gpus=config.gpu or (0,))]
    if config.use_multiprocess:
        return [InstanceGroup(count=config.workers or default_workers(cores))]
    return [InstanceGroup()]


def plan(
    groups: Sequence[InstanceGroup], *, cores: int, visible_gpus: Sequence[str] | None
) -> list[RunnerPlan]:
    """Return one plan per runner; engine threads so that runners × threads ≤ max(cores, runners).

    ``visible_gpus`` is an exported CUDA_VISIBLE_DEVICES, within which card numbers count, or None.

    Raises:
        ConfigError: a card number is outside the visible ones.
    """
    cards: list[str | None] = []
    for group in groups:
        if group.kind == "cpu":
            cards += [None] * group.count
        else:
            for number in group.gpus or (0,):
                cards += [_card(number, visible_gpus)] * group.count
    threads = max(1, cores // len(cards)) if cards else 1
    return [RunnerPlan(index, card, threads) for index, card in enumerate(cards)]


def _card(number: int, visible: Sequence[str] | None) -> str:
    if visible is None:
        return str(number)
    if number >= len(visible):
        exported = ",".join(visible)
        raise ConfigError(
            f"gpu {number} is asked for, but CUDA_VISIBLE_DEVICES={exported!r} shows {len(visible)} card(s); "
            "numbers count within it, from 0"
        )
    return visible[number]
