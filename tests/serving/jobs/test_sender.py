from __future__ import annotations

import http.client
import json
from email.message import Message

import pytest

from hub.serving.jobs import sender
from hub.serving.jobs.job_table import Job
from hub.serving.jobs.sender import Answer, PageFailed, Refused, Sending
from hub.serving.messages.jobs import Submission

pytestmark = pytest.mark.unit
MODULE, ENDPOINT = Job(1, "j", Submission("m"), None), Job(1, "j", Submission("m", endpoint="ocr"), None)


def headers(**fields: str) -> http.client.HTTPMessage:
    made = http.client.HTTPMessage()
    for name, value in fields.items():
        Message.add_header(made, name.replace("_", "-"), value)
    return made


@pytest.mark.parametrize("rest", [b"{}", b'{"a": 1, "n": null}', b" { } "])
def test_a_body_has_the_one_item_and_all_other_arguments(rest: bytes) -> None:
    body = json.loads(sender.request_body(rest, "texts", b'"x"', in_files=False))
    assert body == {"texts": ["x"], **json.loads(rest)}
    assert json.loads(sender.request_body(rest, "images", b"x", in_files=True))["images"] == ["eA=="]


def test_an_envelope_is_taken_apart_and_an_endpoints_reply_is_not() -> None:
    reply = b'{"msg":"dark","results":[1.50, null],"status":"0"}'
    assert sender.read_answer(MODULE, 200, headers(), reply) == Answer(b"[1.50, null]", "dark")
    assert sender.read_answer(ENDPOINT, 200, headers(), reply) == Answer(reply)


@pytest.mark.parametrize(("after", "seconds"), [("3", 3.0), ("", sender.PAUSE_SECONDS)])
def test_a_refusal_says_when_to_come_back(after: str, seconds: float) -> None:
    with pytest.raises(Refused) as caught:
        sender.read_answer(MODULE, 503, headers(X_Hub_Error="QueueFullError", Retry_After=after), b"")
    assert caught.value.seconds == seconds


@pytest.mark.parametrize(
    ("code", "name", "is_final", "of_job"),
    [
        (500, "ModuleRaisedError", False, False),
        (504, "DeadlineError", False, False),
        (400, "InvalidInputError", True, False),
        (200, "InvalidInputError", True, False),  # in PaddleHub 2.x's style
        (413, "PayloadTooLargeError", True, False),
        (502, "RunnerLostError", True, False),
        (404, "UnknownModuleError", False, True),
        (401, "UnauthorizedError", False, True),
        (422, "", True, False),
        (500, "", False, False),
    ],
)
def test_a_failure_says_whether_another_try_could_help(
    code: int, name: str, is_final: bool, of_job: bool
) -> None:
    with pytest.raises(PageFailed, match="no") as caught:
        sender.read_answer(MODULE, code, headers(X_Hub_Error=name), b'{"msg": "no"}')
    assert (caught.value.is_final, caught.value.of_job) == (is_final, of_job)


def test_a_page_that_was_given_up_before_it_was_sent_is_not_sent() -> None:
    sending = Sending()
    sending.abort()
    with pytest.raises(Refused):
        sending.begin(None)
