"""Limits of sizes that follow from the memory that a server may use."""

from __future__ import annotations

from typing import Any

import pytest

from hub import container, settings
from hub.errors import ConfigError
from hub.serving.config import memory
from hub.serving.config.server_config import ServingConfig, build

pytestmark = pytest.mark.unit
FOLLOW = (
    "max_inflight_mb", "max_json_values", "max_pixels", "max_total_pixels", "pdf_memory_mb",
    "runner_memory_limit_mb",
)  # fmt: skip


def config(**settings: Any) -> ServingConfig:
    return build({"modules_info": {"a": {}}, **settings}, source="test")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 GB, and no container."""
    monkeypatch.setattr(memory, "_machine_mb", lambda: 17_000.0)
    monkeypatch.setattr(container, "memory_limit", lambda: None)


def test_a_usual_machine_has_the_usual_limits() -> None:
    usual, found = ServingConfig(modules_info={"a": {}}), config()

    assert found.max_total_pixels == 2 * settings.DEFAULT_MAX_PIXELS
    assert found.model_copy(update={"max_total_pixels": None}) == usual


def test_a_small_limit_makes_small_limits_whether_it_is_set_or_a_containers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, usual = config(memory_limit_mb=2000), config()
    monkeypatch.setattr(container, "memory_limit", lambda: 2_000_000_000)
    in_container = config()

    for name in FOLLOW[:-1]:
        assert getattr(found, name) == getattr(in_container, name) < getattr(usual, name)
    limits = [each.runner_memory_limit_mb for each in (found, in_container, usual)]
    assert limits == [1000, 1500, None]


def test_a_limit_that_is_set_goes_before_one_that_follows() -> None:
    given = dict.fromkeys(FOLLOW, 7)

    assert config(memory_limit_mb=2000, **given).model_dump(include=set(FOLLOW)) == given


def test_a_limit_of_pixels_that_is_set_is_also_that_of_a_requests_only_picture() -> None:
    assert config(memory_limit_mb=1000, max_pixels=150_000_000).max_total_pixels == 150_000_000
    assert config(max_pixels=1_000_000).max_total_pixels == 2_000_000


def test_a_body_of_the_largest_size_always_fits() -> None:
    found = config(memory_limit_mb=256)

    assert found.max_inflight_mb >= found.max_body_mb
    assert found.max_pixels <= (found.max_total_pixels or 0)


@pytest.mark.parametrize("limit_mb", [4000, 8000, 64_000])
def test_what_a_server_with_one_runner_takes_adds_up_to_the_limit(limit_mb: int) -> None:
    found = config(memory_limit_mb=limit_mb)
    assert found.runner_memory_limit_mb is not None
    gateway_mb = 2 * found.max_inflight_mb + found.max_json_values * 200 / 1e6

    assert gateway_mb + 2 * found.pdf_memory_mb + 250 + found.runner_memory_limit_mb <= limit_mb + 1


def test_the_environment_sets_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_MEMORY_LIMIT_MB", "2000")

    assert config() == config(memory_limit_mb=2000)


def test_what_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="memory_limit_mb"):
        config(memory_limit_mb="much")
    with pytest.raises(ConfigError, match="max_pixels"):
        config(memory_limit_mb=1000, max_pixels=[])
