"""How much callers may take, and what the log keeps of them."""

from __future__ import annotations

import pytest

from hub import container
from tests.doctor.security import NETWORK, found

pytestmark = pytest.mark.unit


def test_the_limits_in_force_are_listed() -> None:
    assert found(max_body_mb=8, max_inflight_mb=64, max_images=3, timeout=5)["limits"].value == (
        "a body 8 MB, all bodies 64 MB, 3 images of 178956970 pixels, 357913940 in all, "
        "2000000 values of JSON, 5 s"
    )


def test_a_body_that_can_never_be_taken_is_told() -> None:
    finding = found(max_body_mb=100, max_inflight_mb=50)["limits"]

    assert (finding.verdict, "max_inflight_mb" in finding.advice) == ("warning", True)


def test_a_runner_without_a_ceiling_is_worse_where_strangers_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "memory_limit", lambda: None)
    local, network = (found(memory_limit_mb=None, **settings)["memory"] for settings in ({}, NETWORK))

    assert (local.verdict, network.verdict) == ("note", "warning")
    assert "memory_limit_mb, or runner_memory_limit_mb" in network.advice


def test_limits_that_add_up_to_more_than_there_is_are_told() -> None:
    sound, too_much = found(memory_limit_mb=8000), found(memory_limit_mb=8000, max_inflight_mb=6000)

    assert (sound["memory"].verdict, "a runner 5326 MB" in sound["memory"].value) == ("ok", True)
    assert (too_much["memory"].verdict, "max_inflight_mb" in too_much["memory"].advice) == ("warning", True)


def test_a_log_without_callers_is_a_note() -> None:
    assert "never with a key" in found()["log"].value
    assert (found(access_log=False)["log"].verdict) == "note"
