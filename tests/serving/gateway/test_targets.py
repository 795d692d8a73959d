"""A module and an endpoint as what a protocol sends a request to."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.errors import (
    HubError,
    InvalidInputError,
    NotJSONError,
    QueueFullError,
    UnavailableError,
    UnknownModuleError,
)
from hub.serving.gateway import delivery, targets
from hub.serving.gateway.body import Body
from hub.serving.gateway.caller import CallerLeft
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.request_context import RequestContext
from hub.serving.gateway.targets import EndpointTarget, ModuleTarget, Target
from hub.serving.messages import state
from hub.serving.messages.state import READY, ModuleLimits, ServerState
from hub.serving.messages.wire import ReplyHeader
from tests.serving import pictures
from tests.serving.gateway import apps
from tests.serving.gateway.apps import MODULES, Door

pytestmark = pytest.mark.unit


def context(size: int = 0) -> RequestContext:
    return RequestContext("r-1", time.monotonic(), size=size)


def ocr(door: Door, body: Any, asked: RequestContext | None = None) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler = EndpointTarget(door.gateway, "ocr").answer(data, asked or context())
    return json.loads(delivery.run(handler, door.dispatched))


# -- which one -------------------------------------------------------------------------------------


def test_a_name_is_an_endpoint_where_a_module_declares_it_and_else_a_module(door: Door) -> None:
    found = {name: type(targets.find(door.gateway, name)) for name in ("ocr", "echo", "nobody")}

    assert found == {"ocr": EndpointTarget, "echo": ModuleTarget, "nobody": ModuleTarget}


def test_an_endpoint_wins_over_a_module_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    door = apps.make(tmp_path, {**MODULES, "ocr": replace(MODULES["echo"], name="ocr")})

    assert isinstance(targets.find(door.gateway, "ocr"), EndpointTarget)


def test_versions_are_the_modules_own_and_1_for_an_endpoint(door: Door) -> None:
    assert ModuleTarget(door.gateway, "echo").version == "1.2.0"
    assert EndpointTarget(door.gateway, "ocr").version == "1"


@pytest.mark.parametrize(
    ("name", "ready"), [("echo", True), ("slow", False), ("broken", False), ("ocr", True)]
)
def test_a_target_is_ready_when_its_module_is(door: Door, name: str, ready: bool) -> None:
    assert targets.find(door.gateway, name).is_ready is ready


def test_a_target_is_not_ready_while_its_module_has_no_loaded_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    door = apps.make(tmp_path, {"echo": replace(MODULES["echo"], runners=())})

    assert not ModuleTarget(door.gateway, "echo").is_ready


def test_readiness_of_a_module_that_is_not_served_is_an_error_and_of_an_endpoint_just_no(door: Door) -> None:
    with pytest.raises(UnknownModuleError):
        _ = ModuleTarget(door.gateway, "nobody").is_ready

    assert EndpointTarget(door.gateway, "nothing").is_ready is False


def test_an_endpoint_whose_module_is_gone_says_so(door: Door) -> None:
    with pytest.raises(UnknownModuleError, match="no module answers at /nothing any more"):
        EndpointTarget(door.gateway, "nothing").module()


def call(target: Target, asked: RequestContext, read: Callable[[], bytes]) -> ModuleReply:
    return delivery.run(target.call(asked, read), target.gateway.dispatcher)


# -- calling ---------------------------------------------------------------------------------------


def test_a_module_gets_its_arguments_and_its_reply_is_the_envelope(door: Door) -> None:
    door.dispatched.answer = lambda body: ModuleReply(b'["a"]', ReplyHeader(notes=("a remark",)))
    target = ModuleTarget(door.gateway, "echo")
    reply = call(target, context(), lambda: b'{"texts": ["a"]}')
    ((module, body, _),) = door.dispatched.calls

    assert (module.name, body) == ("echo", Body(b'{"texts": ["a"]}'))
    assert json.loads(target.to_reply(reply)) == {"msg": "a remark", "results": ["a"], "status": "0"}


def test_declared_images_of_a_module_go_as_bytes(door: Door) -> None:
    image = pictures.encode(pictures.plain(4, 4))
    sent = json.dumps({"images": [pictures.text_of(image)], "n": 1}).encode()
    call(ModuleTarget(door.gateway, "echo"), context(), lambda: sent)
    ((_, body, _),) = door.dispatched.calls

    assert (body.images, json.loads(body.arguments)) == ({"images": [image]}, {"n": 1})


def test_an_endpoints_files_go_as_bytes_and_its_other_fields_as_sent(door: Door) -> None:
    content = base64.b64encode(b"%PDF").decode()
    ocr(door, {"file": content, "fileType": 0})
    ((module, body, _),) = door.dispatched.calls

    assert (module.name, body.endpoint, body.files) == ("pipeline", "ocr", {"file": b"%PDF"})
    assert json.loads(body.arguments) == {"fileType": 0}


@pytest.mark.parametrize("value", ["http://a.example/x.png", "https://a.example/x.png", 7, None, ["AAAA"]])
def test_urls_and_what_is_no_text_are_left_for_the_module_to_judge(door: Door, value: Any) -> None:
    ocr(door, {"file": value})
    ((_, body, _),) = door.dispatched.calls

    assert (body.files, json.loads(body.arguments)) == ({}, {"file": value})


def test_a_body_without_files_is_passed_on_byte_by_byte(door: Door) -> None:
    ocr(door, b'{ "text":"a" }')

    assert door.dispatched.calls[0][1].arguments == b'{ "text":"a" }'


def test_an_endpoints_reply_is_what_the_module_gave(door: Door) -> None:
    door.dispatched.answer = lambda body: ModuleReply(b'{"errorCode":0}', ReplyHeader(http_status=201))

    assert ocr(door, {}) == {"errorCode": 0}


def test_the_http_status_that_a_module_gave_is_sent(door: Door) -> None:
    door.dispatched.answer = lambda body: ModuleReply(b"{}", ReplyHeader(http_status=422))

    assert door.client.post("/ocr", json={}).status_code == 422


def test_a_log_id_of_the_caller_is_kept_with_the_request(door: Door) -> None:
    asked = context()
    ocr(door, {"logId": "mine"}, asked)

    assert asked.log_id == "mine"


@pytest.mark.parametrize("given", ["", 7, None, {}])
def test_a_log_id_that_is_not_text_is_not_taken(door: Door, given: Any) -> None:
    asked = context()
    ocr(door, {"logId": given}, asked)

    assert asked.log_id == ""


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kind"), [(b"{", "json_invalid"), (b"[1]", "model_attributes_type"), (b"", "json_invalid")]
)
def test_an_endpoints_body_that_is_no_object_is_refused_in_paddlexs_words(
    door: Door, sent: bytes, kind: str
) -> None:
    target = EndpointTarget(door.gateway, "ocr")
    with pytest.raises(NotJSONError) as refused:
        call(target, context(), lambda: sent)

    ((detail),) = json.loads(str(refused.value))
    assert detail["type"] == kind


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("not base64!", "Invalid input file: file is not base64"),
        ("", "Invalid input file: file is empty"),
        (pictures.text_of(pictures.encode(pictures.plain(40, 30))), r"exceeds maximum allowed 1000"),
    ],
)
def test_an_endpoints_file_that_cannot_be_taken_is_refused(door: Door, value: str, said: str) -> None:
    door.gateway.limits = replace(door.gateway.limits, max_pixels=1000)
    target = EndpointTarget(door.gateway, "ocr")
    with pytest.raises(InvalidInputError, match=said):
        call(target, context(), lambda: json.dumps({"file": value}).encode())


def test_an_answer_in_band_holds_the_error_instead_of_raising_it(door: Door) -> None:
    door.dispatched.error = InvalidInputError("text is missing")

    assert ocr(door, {"logId": "mine"}) == {
        "logId": "mine", "errorCode": 422, "errorMsg": "text is missing",
    }  # fmt: skip


def test_an_answer_in_band_to_a_mistake_of_the_server_shows_nothing_of_it(door: Door) -> None:
    door.dispatched.error = KeyError("secret")
    reply = ocr(door, {})

    assert reply["errorCode"] == 500
    assert "secret" not in json.dumps(reply)


def test_a_caller_that_left_gets_no_answer_in_band(door: Door) -> None:
    door.dispatched.error = CallerLeft()
    with pytest.raises(CallerLeft):
        ocr(door, {})


def test_a_hub_error_is_told_as_it_is_and_anything_else_is_not_shown() -> None:
    ours = InvalidInputError("text is missing")

    assert targets.explain(ours) is ours
    assert type(targets.explain(ZeroDivisionError("secret"))) is HubError


# -- places and memory -----------------------------------------------------------------------------


def nobody_reads() -> bytes:
    raise AssertionError("the body was read before the request had its place")


@pytest.fixture
def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    """echo has one runner and a queue of one: three requests are in at most."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    echo = replace(MODULES["echo"], limits=ModuleLimits(60.0, 1))
    return apps.make(tmp_path, {"echo": echo}, max_inflight_mb=0.001)


def test_a_request_over_the_queue_is_refused_before_its_body_is_read(narrow: Door) -> None:
    target = ModuleTarget(narrow.gateway, "echo")
    module = target.module()
    with (
        target.admitted(module, context()),
        target.admitted(module, context()),
        target.admitted(module, context()),
        pytest.raises(QueueFullError),
    ):
        call(target, context(), nobody_reads)


def test_a_body_over_the_memory_is_refused_before_it_is_read(narrow: Door) -> None:
    with pytest.raises(UnavailableError, match="max_inflight_mb"):
        call(ModuleTarget(narrow.gateway, "echo"), context(size=2000), nobody_reads)


def test_a_place_is_given_back_when_the_request_fails(narrow: Door) -> None:
    narrow.dispatched.error = InvalidInputError("no")
    for _ in range(10):
        with pytest.raises(InvalidInputError):
            call(ModuleTarget(narrow.gateway, "echo"), context(size=600), lambda: b"{}")


def test_a_module_that_is_not_ready_is_refused_before_the_body_is_read(door: Door) -> None:
    for name in ("slow", "broken"):
        with pytest.raises(UnavailableError):
            call(ModuleTarget(door.gateway, name), context(), nobody_reads)


def test_a_new_state_is_seen_by_the_next_request(door: Door) -> None:
    target = ModuleTarget(door.gateway, "slow")
    before = target.is_ready
    time.sleep(state.FRESH_SECONDS)
    warm = replace(MODULES["slow"], state=READY, runners=apps.WARM)
    state.write(door.gateway.run_dir.state, ServerState({"slow": warm}))

    assert (before, target.is_ready) == (False, True)
