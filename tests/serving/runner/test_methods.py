"""A module's serving methods in a runner: their defaults, and whose requests are joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.module import loader
from hub.module.contract import serving_methods
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.runner.executor import Executor
from hub.serving.runner.methods import ServingMethod, of_instance
from tests.serving.runner import requests

pytestmark = pytest.mark.unit

WORDS = Path(__file__).parents[2] / "modules" / "words"


def methods(**spec: Any) -> dict[str, ServingMethod]:
    instance = loader.create(WORDS, {})
    whole = RunnerSpec("words", "1.0.0", str(WORDS), **spec)
    return of_instance(instance, serving_methods(type(instance)), whole, use_gpu=False)


def executor() -> Executor:
    return Executor(name="words", methods=methods(), generation=1, manifest=Manifest("count"))


def to(method: str, **arguments: Any) -> Any:
    return requests.make(header={"method": method}, **arguments)


def test_requests_of_different_methods_are_never_joined_and_those_of_one_are() -> None:
    batch = [
        to("", texts=["a b"]),
        to("split", texts=["a b"]),
        to("count", texts=["c"]),
        to("split", texts=["c"]),
        to("repeat", text="d"),
    ]
    executor().run(batch)

    assert [each.answer for each in batch] == [[2], [["a", "b"]], [1], [["c"]], "d d"]
    assert [each.told.batch for each in batch] == [2, 2, 2, 2, 1]


def test_a_method_that_a_reload_took_away_is_unknown_and_harms_no_neighbour() -> None:
    batch = [to("gone", texts=["a"]), to("count", texts=["a"])]
    executor().run(batch)

    assert batch[0].answer == ("unknown", "words has no serving method gone any more")
    assert batch[1].answer == [1]


def test_a_request_that_runs_alone_calls_its_own_method() -> None:
    request = requests.make(header={"method": "repeat", "alone": True}, text="a", times=1)
    executor().run([request])

    assert request.answer == "a"


@pytest.mark.parametrize(
    ("method", "batch", "size"),
    [("", "texts", 8), ("split", "texts", 4), ("repeat", None, 1), ("note", None, 1)],
)
def test_each_method_has_a_batch_of_its_own(method: str, batch: str | None, size: int) -> None:
    policy = executor().policies[method]

    assert (policy.argument, policy.max_batch_size) == (batch, size)


def test_predict_args_go_to_the_methods_that_take_them() -> None:
    found = methods(predict_args={"mark": ",", "times": 3})

    assert {name: each.binding.defaults for name, each in found.items()} == {
        "count": {},
        "split": {"mark": ","},
        "repeat": {"times": 3},
        "note": {},
    }


def test_predict_args_that_no_method_takes_are_a_mistake_as_with_one_method() -> None:
    request = to("", texts=["a"])
    Executor(
        name="words", methods=methods(predict_args={"x": 1}), generation=1, manifest=Manifest("count")
    ).run([request])

    assert request.answer[0] == "binding"
    with pytest.raises(ConfigError, match="times"):
        methods(predict_args={"times": "many"})
