"""Which requests run together, for how long more are waited for, and how results are shared out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from hub.serving.runner import batcher
from hub.serving.runner.batcher import BatchPolicy

pytestmark = pytest.mark.unit

POLICY = BatchPolicy("items", max_batch_size=4, max_queue_delay_ms=10.0)


@dataclass
class Call:
    arguments: dict[str, Any]


def calls(*lists: Any, **others: Any) -> list[Call]:
    return [Call({"items": items, **others}) for items in lists]


def sizes(requests: list[Call], policy: BatchPolicy = POLICY) -> list[list[Any]]:
    return [
        [member.arguments.get("items") for member in members] for members in batcher.group(requests, policy)
    ]


def test_requests_with_equal_arguments_run_together() -> None:
    assert sizes(calls([1], [2], [3], scale=2)) == [[[1], [2], [3]]]


def test_sizes_count_items_and_no_batch_exceeds_the_limit() -> None:
    assert sizes(calls([1, 2], [3, 4, 5], [6, 7], [8])) == [[[1, 2], [6, 7]], [[3, 4, 5], [8]]]


def test_a_request_that_alone_exceeds_the_limit_is_not_split() -> None:
    assert sizes(calls([1, 2, 3, 4, 5], [6])) == [[[1, 2, 3, 4, 5]], [[6]]]


def test_requests_with_other_arguments_run_apart() -> None:
    requests = [*calls([1], scale=1), *calls([2], scale=2), *calls([3], scale=1)]

    assert sizes(requests) == [[[1], [3]], [[2]]]


@pytest.mark.parametrize("strange", [[], None, "text", 7, {"a": 1}])
def test_what_is_no_list_of_items_runs_alone(strange: Any) -> None:
    assert sizes(calls([1], strange, [2])) == [[[1], [2]], [strange]]


def test_arrays_among_the_other_arguments_do_not_break_the_grouping() -> None:
    mask = np.zeros((2, 2))

    assert len(batcher.group(calls([1], [2], mask=mask.copy()) + calls([3], mask=mask), POLICY)) >= 1


@pytest.mark.parametrize("policy", [BatchPolicy(None, 8), BatchPolicy("items", 1), BatchPolicy()])
def test_without_a_batch_argument_or_a_size_everything_runs_alone(policy: BatchPolicy) -> None:
    assert sizes(calls([1], [2]), policy) == [[[1]], [[2]]]


def test_join_and_split_are_inverse() -> None:
    requests = calls([1, 2], [3], [4, 5, 6], scale=2)
    joined = batcher.join(requests, "items")

    assert joined == {"items": [1, 2, 3, 4, 5, 6], "scale": 2}
    assert batcher.split(joined["items"], requests, "items") == [[1, 2], [3], [4, 5, 6]]
    assert requests[0].arguments["items"] == [1, 2]  # what the requests hold is not changed


@pytest.mark.parametrize("results", [[1], [1, 2, 3, 4], None, {"a": 1}, "abc", 3])
def test_split_refuses_all_but_one_result_per_item(results: Any) -> None:
    with pytest.raises(ValueError, match="3 items gave"):
        batcher.split(results, calls([1, 2], [3]), "items")


@pytest.mark.parametrize(
    ("items", "waited_ms", "was_idle", "wait"),
    [
        pytest.param(1, 0.0, False, 10.0, id="busy until now: the whole delay"),
        pytest.param(1, 4.0, False, 6.0, id="what is left of it"),
        pytest.param(1, 15.0, False, 0.0, id="nothing left"),
        pytest.param(4, 0.0, False, 0.0, id="the batch is full"),
        pytest.param(1, 0.0, True, 0.0, id="idle: light traffic is not slowed down"),
    ],
)
def test_how_long_more_items_are_waited_for(
    items: int, waited_ms: float, was_idle: bool, wait: float
) -> None:
    assert POLICY.wait(items, waited_ms, was_idle) == wait


def test_items_are_counted_as_one_where_there_is_no_list() -> None:
    counts = [batcher.item_count(call, "items") for call in calls([1, 2], [], None, "abc")]

    assert counts == [2, 0, 1, 1]
    assert batcher.item_count(Call({}), None) == 1
