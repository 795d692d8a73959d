"""From switches to runners: counts, cards and thread budgets."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.serving.config.module_config import InstanceGroup, ModuleConfig
from hub.serving.config.server_config import ServingConfig
from hub.serving.supervisor import placement

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("runners", [1, 2, 3, 7, 8, 100])
def test_runners_times_threads_never_exceed_what_there_is(cores: int, runners: int) -> None:
    plans = placement.plan([InstanceGroup(count=runners)], cores=cores, visible_gpus=None)

    assert len(plans) == runners
    assert all(plan.threads >= 1 for plan in plans)
    assert sum(plan.threads for plan in plans) <= max(cores, runners)


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 3), (4, 7), (16, 31)])
def test_default_workers_are_the_documents_(cores: int, workers: int) -> None:
    assert placement.default_workers(cores) == workers


def test_a_group_s_count_holds_for_each_of_its_cards() -> None:
    plans = placement.plan([InstanceGroup(count=2, kind="gpu", gpus=(1, 3))], cores=8, visible_gpus=None)

    assert [plan.gpu for plan in plans] == ["1", "1", "3", "3"]
    assert [plan.index for plan in plans] == [0, 1, 2, 3]


def test_card_numbers_count_within_the_visible_ones() -> None:
    plans = placement.plan(
        [InstanceGroup(count=1, kind="gpu", gpus=(1, 0))], cores=8, visible_gpus=["5", "GPU-1"]
    )

    assert [plan.gpu for plan in plans] == ["GPU-1", "5"]


@pytest.mark.parametrize("visible", [[], ["3"]])
def test_a_card_that_is_not_visible_is_an_error(visible: list[str]) -> None:
    with pytest.raises(ConfigError, match="gpu 1 is asked for"):
        placement.plan([InstanceGroup(count=1, kind="gpu", gpus=(1,))], cores=8, visible_gpus=visible)


def test_a_runner_on_the_cpu_keeps_what_is_exported_and_gets_its_share_of_the_cores() -> None:
    (plan,) = placement.plan([InstanceGroup(count=1)], cores=6, visible_gpus=["0"])

    assert plan.device == "cpu"
    assert plan.environment()["OMP_NUM_THREADS"] == plan.environment()["HUB_ENGINE_THREADS"] == "6"
    assert "CUDA_VISIBLE_DEVICES" not in plan.environment()


@pytest.mark.parametrize(
    ("use_gpu", "gpu", "use_multiprocess", "workers", "groups"),
    [
        (False, (), False, None, [InstanceGroup(count=1)]),
        (False, (0, 1), False, 4, [InstanceGroup(count=1)]),
        (False, (), True, None, [InstanceGroup(count=7)]),
        (False, (), True, 2, [InstanceGroup(count=2)]),
        (True, (), False, None, [InstanceGroup(count=1, kind="gpu", gpus=(0,))]),
        (True, (0, 2), False, 9, [InstanceGroup(count=1, kind="gpu", gpus=(0, 2))]),
        (True, (0, 2), True, 3, [InstanceGroup(count=3, kind="gpu", gpus=(0, 2))]),
        (True, (1,), True, None, [InstanceGroup(count=1, kind="gpu", gpus=(1,))]),
    ],
)
def test_the_four_switches_mean_these_groups(
    use_gpu: bool,
    gpu: tuple[int, ...],
    use_multiprocess: bool,
    workers: int | None,
    groups: list[InstanceGroup],
) -> None:
    config = ServingConfig(
        modules_info={"m": ModuleConfig()},
        use_gpu=use_gpu,
        gpu=gpu,
        use_multiprocess=use_multiprocess,
        workers=workers,
    )

    assert placement.instance_groups(config, cores=4) == groups
