"""Batches run on a module: who runs together, who alone, and what each is answered."""

from __future__ import annotations

import dataclasses
import logging
import sys
import threading
import time
from typing import Any
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

from hub.checkpoint import checkpoint
from hub.errors import DeadlineError, InvalidInputError
from hub.pictures.pages import Reader
from hub.serving.messages.manifest import Manifest
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.runner.binding import Binding
from hub.serving.runner.executor import Executor
from hub.serving.runner.methods import ServingMethod
from hub.serving.runner.shared_room import SharedRoom
from tests.serving import pictures
from tests.serving.runner import requests

pytestmark = pytest.mark.unit
NOT_READ = "images[0] is not a readable image: it is text: send the bytes of a picture file"


class Module:
    """Remembers its calls. A text "bad" makes a call fail, "die" raises SystemExit."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.images: Any = None

    def predict(self, texts: list[str], images: Any = None, scale: int = 1) -> list[str]:
        self.calls.append(list(texts))
        self.images = images
        if "bad" in texts:
            raise ValueError("a bad text")
        if "refused" in texts:
            raise InvalidInputError("this text is refused")
        if "die" in texts:
            sys.exit(3)
        if "short" in texts:
            return ["only one"]
        if "unknown type" in texts:
            return [object()]  # type: ignore[list-item]
        return [text * scale for text in texts]


@pytest.fixture
def module() -> Module:
    return Module()


def executor(module: Module, method: Any = None, **defaults: Any) -> Executor:
    """Return what runs the module, joining up to four texts."""
    binding = Binding(method or module.predict, defaults)
    policy = BatchPolicy("texts", max_batch_size=4)
    methods = {"predict": ServingMethod(binding, policy)}
    return Executor(name="mine", methods=methods, generation=7, manifest=Manifest("predict"))


# -- joining ---------------------------------------------------------------------------------------


def test_requests_that_fit_are_one_call_and_each_gets_its_share(module: Module) -> None:
    batch = [requests.make(texts=["a", "b"]), requests.make(texts=["c"])]
    executor(module).run(batch)

    assert module.calls == [["a", "b", "c"]]
    assert [each.answer for each in batch] == [["a", "b"], ["c"]]
    assert [each.told.batch for each in batch] == [2, 2]


def test_requests_with_other_arguments_are_calls_of_their_own(module: Module) -> None:
    batch = [requests.make(texts=["a"]), requests.make(texts=["b"], scale=2)]
    executor(module).run(batch)

    assert [each.answer for each in batch] == [["a"], ["bb"]]
    assert [each.told.batch for each in batch] == [1, 1]


def test_one_bad_request_does_not_fail_its_neighbours(module: Module) -> None:
    batch = [requests.make(texts=[text]) for text in ("a", "bad", "c")]
    executor(module).run(batch)

    assert [each.answer for each in batch] == [["a"], ("raised", "a bad text"), ["c"]]


def test_a_module_that_gives_another_number_of_results_is_asked_for_each_alone(module: Module) -> None:
    batch = [requests.make(texts=["short"]), requests.make(texts=["a", "b"])]
    executor(module).run(batch)

    assert [each.answer for each in batch] == [["only one"], ["a", "b"]]
    assert len(module.calls) == 3


# -- replies ---------------------------------------------------------------------------------------


def test_a_reply_tells_generation_and_times(module: Module) -> None:
    request = requests.make(texts=["a"])
    executor(module).run([request])
    told = request.told

    assert (told.generation, told.http_status) == (7, 200)
    assert min(told.queue_seconds, told.batch_seconds, told.run_seconds) >= 0


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("refused", ("input", "this text is refused")),
        ("bad", ("raised", "a bad text")),
        ("die", ("raised", "SystemExit: 3")),
        ("unknown type", ("raised", "the module's result cannot be sent as JSON: a value of type object")),
    ],
)
def test_what_a_module_raises_is_reported_by_its_kind(
    module: Module, text: str, answer: tuple[str, str]
) -> None:
    request = requests.make(texts=[text])
    executor(module).run([request])
    kind, message = request.answer

    assert (kind, message.startswith(answer[1])) == (answer[0], True)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (KeyError("x"), ("raised", "KeyError: 'x'")),
        (ValueError(), ("raised", "ValueError")),
        (
            type("BindingError", (Exception,), {})("of another copy of hub"),
            ("binding", "of another copy of hub"),
        ),
        (type("Stricter", (InvalidInputError,), {})("a subclass"), ("input", "a subclass")),
        (DeadlineError("too late"), ("expired", "too late")),
    ],
)
def test_an_error_is_known_by_its_name_and_never_without_words(
    module: Module, error: Exception, answer: tuple[str, str]
) -> None:
    def predict(texts: list[str]) -> None:
        raise error

    request = requests.make(texts=["a"])
    executor(module, predict).run([request])

    assert request.answer == answer


def test_the_traceback_of_what_a_module_raised_is_logged_with_the_requests_id(
    module: Module, caplog: pytest.LogCaptureFixture
) -> None:
    request = requests.make(texts=["bad"])
    with caplog.at_level(logging.ERROR):
        executor(module).run([request])

    (record,) = caplog.records
    assert request.header.request_id in record.getMessage()
    assert record.exc_info is not None


def test_a_refused_input_is_not_logged_as_an_error(module: Module, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        executor(module).run([requests.make(texts=["refused"])])

    assert caplog.records == []


# -- arguments -------------------------------------------------------------------------------------


def test_an_unknown_argument_is_the_callers_mistake_and_runs_nothing(module: Module) -> None:
    request = requests.make(texts=["a"], colour="red")
    executor(module).run([request])

    assert request.answer == (
        "binding", "unknown argument `colour`; accepted: `texts`, `images`, `scale`",
    )  # fmt: skip
    assert module.calls == []


def test_images_reach_the_module_decoded(module: Module) -> None:
    image = pictures.encode(pictures.plain(3, 2))
    executor(module).run([requests.make({"images": [image]}, texts=["a"])])

    assert [array.shape for array in module.images] == [(2, 3, 3)]


def test_an_image_that_cannot_be_read_is_none_and_a_remark(module: Module) -> None:
    request = requests.make({"images": [b"rubbish"]}, texts=["a"])
    executor(module).run([request])

    assert module.images == [None]
    assert request.told.notes == [NOT_READ]


def test_a_decoder_that_lost_a_library_is_reported_and_kills_no_runner(
    module: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = "libGL.so.1: cannot open shared object file: No such file or directory"
    monkeypatch.setattr(Reader, "read", Mock(side_effect=ImportError(missing)))
    first, second = requests.make({"images": [b"x"]}, texts=["a"]), requests.make(texts=["b"])
    executor(module).run([first, second])

    assert first.answer == ("raised", missing)
    assert second.answer == ["b"]


def test_a_strict_request_is_refused_instead(module: Module) -> None:
    request = requests.make({"images": [b"rubbish"]}, header={"strict": True}, texts=["a"])
    executor(module).run([request])

    assert request.answer == ("input", NOT_READ)
    assert module.calls == []


# -- who is not run --------------------------------------------------------------------------------


def test_a_request_whose_time_is_up_is_not_run(module: Module) -> None:
    request = requests.make(header={"deadline": time.monotonic() - 1}, texts=["a"])
    executor(module).run([request])

    assert request.answer == ("expired", "the deadline passed before it was run")
    assert module.calls == []


def test_a_request_whose_caller_left_is_dropped(module: Module) -> None:
    request = requests.make(texts=["a"])
    request.has_left = True
    executor(module).run([request])

    assert (request.was_dropped, request.frames, module.calls) == (True, [], [])


def test_a_start_is_announced_only_where_it_was_asked_for(module: Module) -> None:
    quiet, asked = requests.make(texts=["a"]), requests.make(header={"announce": True}, texts=["b"])
    executor(module).run([quiet, asked])

    assert (quiet.was_announced, asked.was_announced) == (False, True)


def test_a_resent_request_runs_first_and_alone(module: Module) -> None:
    batch = [requests.make(texts=["a"]), requests.make(header={"alone": True}, texts=["b"])]
    executor(module).run(batch)

    assert module.calls == [["b"], ["a"]]


# -- endpoints -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({"http_status": 201, "reply": {"errorCode": 0}}, {"errorCode": 0}),
        ({"errorCode": 0}, None),
        ({"http_status": 99, "reply": {}}, None),
        ({"http_status": 200, "reply": []}, None),
    ],
)
def test_at_an_endpoint_a_module_gives_status_and_reply(module: Module, result: Any, answer: Any) -> None:
    def call_endpoint(endpoint: str, body: dict[str, Any]) -> Any:
        return result

    request = requests.make(header={"endpoint": "ocr"}, endpoint="ocr", body={})
    executor(module, call_endpoint).run([request])

    if answer is None:
        assert "at an endpoint the module must return" in request.answer[1]
    else:
        assert (request.answer, request.told.http_status) == (answer, 201)


# -- the room --------------------------------------------------------------------------------------


def test_who_wants_to_be_alone_waits_for_the_others_and_goes_before_newcomers() -> None:
    room, order = SharedRoom(), []
    inside, leave = threading.Event(), threading.Event()

    def sharing(name: str) -> None:
        with room.shared():
            order.append(name)
            inside.set()
            leave.wait(5)

    def alone() -> None:
        with room.alone():
            order.append("alone")

    first = threading.Thread(target=sharing, args=("first",))
    first.start()
    inside.wait(5)
    wanting = threading.Thread(target=alone)
    wanting.start()
    time.sleep(0.05)
    late = threading.Thread(target=sharing, args=("late",))
    late.start()
    time.sleep(0.05)
    before = list(order)
    leave.set()
    for thread in (first, wanting, late):
        thread.join(5)

    assert (before, order) == (["first"], ["first", "alone", "late"])


def test_several_share_the_room() -> None:
    room = SharedRoom()
    with room.shared(), room.shared():
        pass
    with room.alone():
        pass


# -- work that nobody waits for --------------------------------------------------------------------


def paging(module: Module, leave: Any) -> Any:
    """A method of many pages; ``leave`` is called before the third."""

    def predict(texts: list[str]) -> list[str]:
        for page in range(5):
            if page == 2:
                leave()
            checkpoint()
            module.calls.append([str(page)])
        return texts

    return predict


def test_work_stops_between_pages_when_its_caller_has_left(module: Module) -> None:
    request = requests.make(texts=["a"])
    method = paging(module, lambda: setattr(request, "has_left", True))
    executor(module, method).run([request])

    assert module.calls == [["0"], ["1"]]
    assert request.was_dropped
    assert not request.frames


def test_work_stops_between_pages_when_its_deadline_has_passed(module: Module) -> None:
    request = requests.make(texts=["a"])
    past = dataclasses.replace(request.header, deadline=time.monotonic())
    executor(module, paging(module, lambda: setattr(request, "header", past))).run([request])

    assert module.calls == [["0"], ["1"]]
    assert request.answer[0] == "expired"


def test_work_for_several_goes_on_while_one_of_them_waits(module: Module) -> None:
    batch = [requests.make(texts=["a"]), requests.make(texts=["b"])]
    executor(module, paging(module, lambda: setattr(batch[0], "has_left", True))).run(batch)

    assert len(module.calls) == 5
    assert batch[1].answer == ["b"]


# -- pixels ----------------------------------------------------------------------------------------


def encoded(kind: str, count: int) -> list[bytes]:
    done, data = cv2.imencode(kind, np.full((100, 100, 3), 9, np.float32 if kind == ".hdr" else np.uint8))
    assert done
    return [bytes(data)] * count


@pytest.mark.parametrize("kind", [".avif", ".hdr", ".png"])
@pytest.mark.parametrize(("count", "is_taken"), [(3, True), (4, False)])
def test_what_a_requests_images_decode_to_is_counted_whatever_their_format(
    module: Module, kind: str, count: int, is_taken: bool
) -> None:
    limited = executor(module)
    limited._max_total_pixels = 30_000
    request = requests.make(texts=["a"], images={"images": encoded(kind, count)})
    limited.run([request])

    assert (module.images is not None) == is_taken
    assert is_taken or request.answer[0] == "too large"
