"""What every message between processes must do: come back as it was, and refuse what it is not."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from hub.serving.jobs.moment import Moment
from hub.serving.messages import message, state
from hub.serving.messages.control import ControlAnswer, ControlRequest
from hub.serving.messages.death import KILLED, Death
from hub.serving.messages.job_inputs import PageInput, Plan, ReadReply, ReadRequest
from hub.serving.messages.jobs import JobInfo, JobReply, JobRequest, Submission
from hub.serving.messages.manifest import Manifest, Parameter
from hub.serving.messages.message import Message, MessageError, OtherVersionError
from hub.serving.messages.runner_spec import RunnerSpec
from hub.serving.messages.runner_status import RunnerStatus
from hub.serving.messages.state import (
    FAILED,
    FRESH_SECONDS,
    LOADING,
    READY,
    ModuleLimits,
    ModuleState,
    ProcessState,
    ServerState,
    StateReader,
)
from hub.serving.process.pidfile import PidFile
from hub.serving.ray.desired_state import Deployment, DeploymentStatus, DesiredState, ObservedState
from hub.version import __version__

pytestmark = pytest.mark.unit

PARAMETER = Parameter("scale", False, "int | None", True, {"a": [1, 2.5, None]}, {"type": "integer"})
MANIFEST = Manifest(
    method="predict",
    summary="says it again",
    doc="Say it again.",
    returns="list[str]",
    returns_schema={"type": "array"},
    example={"texts": ["a"]},
    parameters=(Parameter("texts", True), PARAMETER),
    takes_any=False,
    batch="texts",
    images=("images", "mask"),
    streams=True,
    documents=True,
    whole_documents=True,
    idempotent=False,
    endpoints={"ocr": ("file",), "plain": ()},
    once=("plain",),
    endpoint_schemas={"ocr": {"type": "object"}},
    models=("PP-OCRv6_small_det",),
    concurrency=4,
    max_batch_size=8,
    methods={"predict": Manifest("predict"), "count": Manifest("count", batch="texts")},
)
DEATH = Death(7, KILLED, 12.5)
PROCESS = ProcessState(7, 123456, "runner", False, 3, "gpu:1", 512.0, "node-2")
WARM = ProcessState(8, 234567, "runner")
MODULE = ModuleState(
    name="echo",
    version="1.2",
    state=FAILED,
    reason="no weights",
    generation=2,
    socket="/tmp/hub-1/echo.sock",
    application="echo@2",
    restarts=5,
    runners_wanted=3,
    threads=4,
    runners=(PROCESS,),
    manifest=MANIFEST,
    limits=ModuleLimits(5.0, 16, 9.0),
    deaths=(DEATH,),
)
SPEC = RunnerSpec(
    name="echo",
    version="1.2",
    directory="/modules/echo",
    init_args={"prefix": "ü"},
    predict_args={"top_k": 3},
    max_batch_size=8,
    max_queue_delay_ms=2.5,
    preferred_batch_sizes=(4, 8),
    concurrency=2,
    log_format="json",
    generation=2,
    interpreter="/env/bin/python",
    max_pixels=1000,
    max_images=8,
    max_total_pixels=3000,
    pdf_memory_mb=64,
    memory_limit_mb=512,
    allow_server_paths=True,
)
STATUS = DeploymentStatus("hub-echo-2", READY, "slow", 3, 1, MANIFEST, (PROCESS,))
DEPLOYMENT = Deployment(
    key="echo@2",
    spec=SPEC,
    replicas=3,
    threads=2,
    gpu=True,
    num_cpus=1.0,
    num_gpus=0.5,
    resources={"fast": 1.0},
    autoscaling={"min_replicas": 1, "max_replicas": 4},
    weights=("tiny",),
    max_ongoing_requests=8,
    max_queue_size=16,
    hang_timeout=10.0,
    graceful_timeout=4.0,
    home="/home/hub",
    is_shared=True,
    is_private=True,
)
SUBMISSION = Submission(
    module="ocr",
    method="read",
    endpoint="ocr",
    content_type="application/pdf",
    coding="gzip",
    owner="anna",
    idempotency_key="k",
    digest="d",
    size=7,
    strict=True,
)
JOB = JobInfo(
    id="j",
    name="ocr",
    state="done",
    created="2026-12-01",
    started="2026-12-02",
    ended="2026-12-03",
    seconds=1.5,
    done=2,
    failed=1,
    total=3,
    error="no",
    is_endpoint=True,
)
PAGE = PageInput(1, 2, "0")
PLAN = Plan("images", '{"a":1}', True, True)
#: One of each class, with another value than the default in every field.
EXAMPLES: list[Message] = [
    PARAMETER,
    MANIFEST,
    PROCESS,
    ModuleLimits(5.0, 16, 9.0),
    MODULE,
    ServerState({"echo": MODULE}, (PROCESS,), True, True),
    DEATH,
    RunnerStatus(False, "no weights", True, MANIFEST, 4),
    ControlRequest("scale", "echo", "1.2", 3),
    ControlAnswer(True, "done"),
    SPEC,
    PidFile(7, ("echo", "greet"), 1.5, 123456, "boot", "127.0.0.1", 8866, "/tmp/hub-1", 5.0),
    DEPLOYMENT,
    DesiredState(4, (DEPLOYMENT,)),
    STATUS,
    SUBMISSION,
    JOB,
    JobRequest("submit", "anna", "j", SUBMISSION, "/jobs/1", 2, 1.5),
    JobReply("ConflictError", "no", 2, JOB, (JOB,), "a remark", 3, True, 4),
    PAGE,
    PLAN,
    ReadRequest("take", "/jobs/j", "/jobs/j/body", SUBMISSION, 2),
    ReadReply("no", True, PLAN, (PAGE,), 5),
    Moment(1.5, 2.5, "boot"),
    ObservedState(4, "no cluster", {"echo@2": STATUS}, ("echo@1",)),
]
by_class = pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: type(each).__name__)


def classes(base: type[Message] = Message) -> Iterator[type[Message]]:
    for found in base.__subclasses__():
        yield found
        yield from classes(found)


def through_json(data: Any) -> Any:
    return json.loads(json.dumps(data))


# -- all of them -----------------------------------------------------------------------------------


def test_every_message_class_has_an_example() -> None:
    ours = {found for found in classes() if found.__module__.startswith("hub.")}

    assert {type(example) for example in EXAMPLES} == ours


@by_class
def test_an_example_has_no_field_at_its_default(example: Message) -> None:
    at_default = [
        field.name
        for field in fields(example)
        if getattr(example, field.name)
        == (field.default_factory() if field.default_factory is not MISSING else field.default)
    ]

    assert at_default == []


@by_class
def test_a_message_comes_back_from_json_as_it_was(example: Message) -> None:
    assert type(example).from_json(through_json(example.to_json())) == example


@by_class
def test_fields_that_this_version_does_not_know_are_passed_over(example: Message) -> None:
    assert type(example).from_json({**example.to_json(), "added_later": [1]}) == example


@by_class
def test_fields_that_are_absent_have_their_default(example: Message) -> None:
    required = [
        field.name
        for field in fields(example)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    whole = example.to_json()
    least = {name: whole[name] for name in required}

    assert type(example).from_json(least) == type(example)(**{n: getattr(example, n) for n in required})


@by_class
def test_a_required_field_that_is_missing_is_named(example: Message) -> None:
    for field in fields(example):
        if field.default is MISSING and field.default_factory is MISSING:
            data = example.to_json()
            del data[field.name]
            with pytest.raises(MessageError, match=f"{type(example).__name__} has no {field.name}"):
                type(example).from_json(data)


@by_class
def test_a_field_of_another_type_is_named(example: Message) -> None:
    for field in fields(example):
        if (type(example).__name__, field.name) in {("Parameter", "default")}:  # anything
            continue
        with pytest.raises(MessageError, match=rf"{type(example).__name__}\.{field.name} must be "):
            type(example).from_json({**example.to_json(), field.name: object})


@by_class
@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_what_is_not_an_object_is_refused(example: Message, data: Any) -> None:
    with pytest.raises(MessageError, match=f"{type(example).__name__} must be a JSON object"):
        type(example).from_json(data)


# -- single types ----------------------------------------------------------------------------------


def test_a_whole_number_is_read_where_seconds_are_wanted() -> None:
    assert ModuleLimits.from_json({"timeout": 5}).timeout == 5.0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"max_queue_size": True}, "ModuleLimits.max_queue_size must be int, not True"),
        ({"max_queue_size": 1.5}, "ModuleLimits.max_queue_size must be int, not 1.5"),
        ({"timeout": "5"}, "ModuleLimits.timeout must be float, not '5'"),
        ({"timeout": None}, "ModuleLimits.timeout must be float, not None"),
    ],
)
def test_types_are_not_guessed(data: dict[str, Any], said: str) -> None:
    with pytest.raises(MessageError) as refused:
        ModuleLimits.from_json(data)

    assert str(refused.value) == said


def test_a_mistake_deep_inside_is_located() -> None:
    data = ServerState({"echo": MODULE}, (PROCESS,)).to_json()
    data["modules"]["echo"]["manifest"]["images"] = ["images", 7]
    with pytest.raises(MessageError, match=r"Manifest.images\[1\] must be str, not 7"):
        ServerState.from_json(data)


def test_a_long_value_does_not_make_a_long_message() -> None:
    with pytest.raises(MessageError) as refused:
        ModuleLimits.from_json({"timeout": "x" * 10_000})

    assert len(str(refused.value)) <= 300


# -- the version -----------------------------------------------------------------------------------


def test_a_message_of_this_version_is_read() -> None:
    assert message.unstamp(ModuleLimits, through_json(message.stamp(ModuleLimits(5.0)))) == ModuleLimits(5.0)


@pytest.mark.parametrize(
    ("stamp", "who"),
    [({"version_of_hubserving": "9.8.7"}, "HubServing 9.8.7"), ({}, "an older HubServing")],
    ids=["another", "none"],
)
def test_a_message_of_another_version_is_refused_with_what_to_do(stamp: dict[str, str], who: str) -> None:
    with pytest.raises(OtherVersionError) as refused:
        message.unstamp(ModuleLimits, {"timeout": 5.0, **stamp})

    assert str(refused.value) == (
        f"the server runs {who}, and {__version__} is installed here; "
        "end it with hub serving stop, then start it again"
    )


def test_state_json_comes_back_as_it_was(tmp_path: Path) -> None:
    written = ServerState({"echo": MODULE}, (PROCESS,), True)
    state.write(tmp_path / "state.json", written)

    assert state.read(tmp_path / "state.json") == written


def test_state_json_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state.write(path, ServerState())
    path.write_text(path.read_text().replace(f'"{__version__}"', '"9.8.7"'))
    with pytest.raises(OtherVersionError, match=r"HubServing 9\.8\.7"):
        state.read(path)


def test_a_runners_spec_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "echo-1.json"
    path.write_text(json.dumps(RunnerSpec("echo", "1.0", "/modules/echo").to_json()))
    with pytest.raises(OtherVersionError, match="hub serving stop"):
        RunnerSpec.read(path)


# -- what follows from them ------------------------------------------------------------------------


def test_the_first_module_that_declares_an_endpoint_answers_there() -> None:
    both = {name: ModuleState(name, "1", READY, manifest=MANIFEST) for name in ("first", "second")}

    assert ServerState(both).endpoints == {"ocr": "first", "plain": "first"}


@pytest.mark.parametrize(
    ("states", "draining", "ready"),
    [
        ([READY, READY], False, True),
        ([READY, LOADING], False, False),
        ([READY, FAILED], False, False),
        ([READY], True, False),
    ],
)
def test_a_server_is_ready_when_every_module_is_and_it_is_not_stopping(
    states: list[str], draining: bool, ready: bool
) -> None:
    modules = {
        str(number): ModuleState("m", "1", each, runners=(WARM,)) for number, each in enumerate(states)
    }

    assert ServerState(modules, draining=draining).ready is ready


def test_readiness_gives_the_generation_and_a_reason_only_where_there_is_one() -> None:
    good = ModuleState("good", "1", READY, generation=3, runners=(WARM,))
    cold = ModuleState("cold", "1", READY, runners=(PROCESS,))
    modules = {"good": good, "cold": cold, "bad": ModuleState("bad", "1", FAILED, "no weights")}

    assert ServerState(modules).readiness() == {
        "ready": False,
        "modules": {
            "good": {"state": "READY", "generation": 3},
            "cold": {"state": "READY", "generation": 1, "reason": "its runners are being started again"},
            "bad": {"state": "FAILED", "generation": 1, "reason": "no weights"},
        },
    }


@pytest.mark.parametrize("runners", [(), (PROCESS,)], ids=["none", "loading"])
def test_a_server_is_not_ready_while_a_module_that_serves_has_no_loaded_runner(
    runners: tuple[ProcessState, ...],
) -> None:
    modules = {"echo": ModuleState("echo", "1", READY, runners=runners)}

    assert not ServerState(modules).ready


def test_the_gateway_sees_a_new_state_a_moment_later(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state.write(path, ServerState())
    reader = StateReader(path)
    before = reader.current()
    state.write(path, ServerState({"echo": MODULE}))
    time.sleep(FRESH_SECONDS)

    assert (before.modules, list(reader.current().modules)) == ({}, ["echo"])


def test_a_manifest_can_be_shown_without_some_parameters() -> None:
    shown = MANIFEST.without("scale".__eq__)

    assert [parameter.name for parameter in shown.parameters] == ["texts"]
    assert len(MANIFEST.parameters) == 2
