"""The whole table of what follows when a runner does not load, and when one is worn."""

from __future__ import annotations

import pytest

from hub.serving.supervisor.transitions import AfterFailure, after_failure, is_worn

pytestmark = pytest.mark.unit

RETRY, DROP_RELOAD, FAIL = AfterFailure.RETRY, AfterFailure.DROP_RELOAD, AfterFailure.FAIL


@pytest.mark.parametrize(
    ("is_incoming", "has_served", "gives_up", "is_final", "step"),
    [
        # the generation that serves, or is meant to
        (False, False, False, False, RETRY),
        (False, False, False, True, FAIL),
        (False, False, True, False, FAIL),
        (False, False, True, True, FAIL),
        (False, True, False, False, RETRY),
        (False, True, False, True, RETRY),
        (False, True, True, False, RETRY),
        (False, True, True, True, RETRY),
        # the generation that a reload brings up
        (True, False, False, False, RETRY),
        (True, False, False, True, DROP_RELOAD),
        (True, False, True, False, DROP_RELOAD),
        (True, False, True, True, DROP_RELOAD),
        (True, True, False, False, RETRY),
        (True, True, False, True, DROP_RELOAD),
        (True, True, True, False, DROP_RELOAD),
        (True, True, True, True, DROP_RELOAD),
    ],
)
def test_what_follows_when_a_runner_does_not_load(
    is_incoming: bool, has_served: bool, gives_up: bool, is_final: bool, step: AfterFailure
) -> None:
    found = after_failure(
        is_incoming=is_incoming, has_served=has_served, gives_up=gives_up, is_final=is_final
    )

    assert found is step


@pytest.mark.parametrize(
    ("served", "memory_mb", "max_requests", "max_memory_mb", "worn"),
    [
        pytest.param(10**6, 10.0**6, None, None, False, id="no limits"),
        pytest.param(99, 0.0, 100, None, False, id="below max_requests"),
        pytest.param(100, 0.0, 100, None, True, id="at max_requests"),
        pytest.param(0, 500.0, None, 500, False, id="at max_memory_mb"),
        pytest.param(0, 501.0, None, 500, True, id="above max_memory_mb"),
        pytest.param(100, 1.0, 100, 500, True, id="one of two limits is enough"),
    ],
)
def test_a_runner_is_worn_by_requests_or_by_memory(
    served: int, memory_mb: float, max_requests: int | None, max_memory_mb: int | None, worn: bool
) -> None:
    found = is_worn(
        served=served, memory_mb=memory_mb, max_requests=max_requests, max_memory_mb=max_memory_mb
    )

    assert found is worn
