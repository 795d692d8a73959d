"""A stream in a runner: its items before its reply, and what ends it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from hub.errors import InvalidModuleError
from hub.module import loader
from hub.module.contract import ServingOptions, serving_methods
from hub.serving.messages import wire
from hub.serving.messages.manifest import Manifest
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.runner.executor import Executor
from hub.serving.runner.loader import load
from hub.serving.runner.methods import of_instance
from tests.serving.runner import requests

pytestmark = pytest.mark.unit

FLOW = Path(__file__).parents[2] / "modules" / "flow"
FOR_PADDLEHUB = """
from paddlehub.module.module import moduleinfo, serving

@moduleinfo(name="old", version="1.0.0", type="nlp", summary="", author="", author_email="")
class Old:
    @serving
    def count(self, upto):
        yield from range(upto)
"""
AT_AN_ENDPOINT = """
from hub.module import Module, moduleinfo, serving

@moduleinfo(name="pipeline", version="1.0.0")
class Pipeline(Module):
    endpoints = {"ocr": ("file",)}

    @serving
    def answer(self, endpoint, body):
        yield body
"""


def executor(folder: Path, *, collects: bool = False) -> Executor:
    instance = loader.create(folder, {})
    methods = of_instance(
        instance,
        serving_methods(type(instance)),
        RunnerSpec("flow", "1.0.0", str(folder)),
        use_gpu=False,
        collects=collects,
    )
    return Executor(name="flow", methods=methods, generation=1, manifest=Manifest("count"))


def sent(method: str, **arguments: Any) -> Any:
    """Return the request after it was run."""
    request = requests.make(header={"method": method}, **arguments)
    executor(FLOW).run([request])
    return request


@pytest.mark.parametrize("method", ["", "count"])
def test_items_go_out_one_by_one_and_a_reply_without_results_ends_them(method: str) -> None:
    request = sent(method, upto=3)

    assert request.items == [0, 1, 2]
    (end,) = request.frames
    assert (end.kind, list(end.blobs)) == (wire.OK, [])


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("raise", "raised", "KeyError: 'gone'"),
        ("input", "input", "no such thing"),
        ("json", "raised", "the module's result cannot be sent as JSON: a value of type object"),
    ],
)
def test_an_error_after_some_items_is_the_reply(how: str, kind: str, said: str) -> None:
    request = sent("fail", after=2, how=how)

    assert len(request.items) == 2
    assert request.answer[0] == kind
    assert said in request.answer[1]


def test_a_stream_whose_caller_has_left_is_closed_and_dropped(tmp_path: Path) -> None:
    instance = loader.create(FLOW, {"notes": str(tmp_path)})
    spec = RunnerSpec("flow", "1.0.0", str(FLOW))
    methods = of_instance(instance, serving_methods(type(instance)), spec, use_gpu=False)
    request = requests.make(upto=10**9)

    class Leaves(list[Any]):
        def append(self, item: Any) -> None:
            super().append(item)
            request.has_left = len(self) == 2

    request.items = Leaves()
    Executor(name="flow", methods=methods, generation=1, manifest=Manifest("count")).run([request])

    assert (request.items, request.frames, request.was_dropped) == ([0, 1], [], True)
    assert "count ends" in (tmp_path / "notes").read_text()


def test_where_streams_are_collected_the_reply_is_a_list_and_the_manifest_has_no_stream() -> None:
    request = requests.make(header={"method": "tick"}, times=2)
    run = executor(FLOW, collects=True)
    run.run([request])

    assert (request.items, request.answer) == ([], [{"number": 0}, {"number": 1}])
    methods = run._methods
    assert not any(method.manifest(ServingOptions()).streams for method in methods.values())


def test_a_generator_of_a_module_for_paddlehub_gives_a_list_as_before(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(FOR_PADDLEHUB)
    run, _ = load(RunnerSpec("old", "1.0.0", str(tmp_path)), use_gpu=False, run_dir=tmp_path)
    request = requests.make(upto=2)
    run.run([request])

    assert (request.items, request.answer, run.manifest.streams) == ([], [0, 1], False)


def test_the_manifest_says_what_streams_and_what_an_item_is(tmp_path: Path) -> None:
    run, _ = load(RunnerSpec("flow", "1.0.0", str(FLOW)), use_gpu=False, run_dir=tmp_path)
    methods = run.manifest.methods

    assert {name for name, each in methods.items() if each.streams} == {
        "count", "tick", "fail", "lines", "found", "large", "work", "wrong",
    }  # fmt: skip
    assert methods["found"].returns_schema == {"type": "string"}


@pytest.mark.parametrize("alone", [False, True])
def test_a_stream_that_has_begun_holds_up_nobody_that_runs_alone(alone: bool) -> None:
    run, begun, may_end = executor(FLOW), threading.Event(), threading.Event()
    request = requests.make(header={"alone": alone}, upto=2)

    class Waits(list[Any]):
        def append(self, item: Any) -> None:
            if item == 1:
                begun.set()
                may_end.wait(30)
            super().append(item)

    request.items = Waits()
    thread = threading.Thread(target=run.run, args=([request],))
    thread.start()
    begun.wait(30)
    others = [requests.make(header={"method": "first", "alone": each}) for each in (True, False)]
    for each in others:
        run.run([each])
    may_end.set()
    thread.join(30)

    assert [each.answer for each in others] == [0, 0]
    assert request.items == [0, 1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (AT_AN_ENDPOINT, "answer answers at endpoints, with one reply each; it cannot be a stream"),
        (
            AT_AN_ENDPOINT.replace("endpoints =", "nothing =").replace("@serving", "@serving(batch='body')"),
            r"@serving\(batch='body'\): answer answers as a stream",
        ),
    ],
)
def test_a_module_whose_stream_cannot_be_served_is_refused_when_it_loads(
    tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "module.py").write_text(source)

    with pytest.raises(InvalidModuleError, match=said):
        load(RunnerSpec("pipeline", "1.0.0", str(tmp_path)), use_gpu=False, run_dir=tmp_path)
