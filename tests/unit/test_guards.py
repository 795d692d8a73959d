"""What is checked of a request before any work is done."""

from __future__ import annotations

import base64
import io
import time
from dataclasses import replace

import pytest
from werkzeug.datastructures import Headers

from hub.errors import (
    BindingError,
    BodyTimeoutError,
    InvalidInputError,
    PayloadTooLargeError,
    QueueFullError,
    UnavailableError,
)
from hub.serving.gateway import guards
from hub.serving.gateway.guards import Admission, ImageBudget, Limits
from tests.serving import pictures

LIMITS = Limits(
    max_body=1000,
    max_inflight=3000,
    body_timeout=5.0,
    max_pixels=1000,
    max_images=3,
    allow_server_paths=False,
)


# -- admission -------------------------------------------------------------------------------------


def test_admission_holds_bytes_and_places_only_while_inside() -> None:
    admission = Admission(max_inflight=100)
    for _ in range(3):
        with admission.admit("a", 1, 100):
            pass
    with admission.admit("a", 1, 60), pytest.raises(QueueFullError), admission.admit("a", 1, 1):
        pass
    with admission.admit("a", 2, 60), pytest.raises(UnavailableError, match="max_inflight_mb"):  # noqa: SIM117
        with admission.admit("b", 2, 60):
            pass
    with admission.admit("a", 1, 100):
        pass


def test_admission_lets_go_when_the_request_fails() -> None:
    admission = Admission(max_inflight=100)
    with pytest.raises(KeyError), admission.admit("a", 1, 100):
        raise KeyError
    with admission.admit("a", 1, 100):
        pass


# -- bodies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({}, 0),
        ({"Content-Length": "999"}, 999),
        ({"Content-Length": "1000"}, 1000),
        ({"Transfer-Encoding": "chunked"}, 1000),
    ],
)
def test_the_length_of_a_body_is_what_it_announces_or_the_most_it_may_be(
    headers: dict[str, str], length: int
) -> None:
    assert guards.declared_length(Headers(headers), LIMITS) == length


def test_a_length_over_the_limit_is_refused() -> None:
    with pytest.raises(PayloadTooLargeError):
        guards.declared_length(Headers({"Content-Length": "1001"}), LIMITS)


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_a_body_up_to_the_limit_is_read_whole(size: int) -> None:
    assert guards.read_body(io.BytesIO(b"x" * size), LIMITS) == b"x" * size


def test_a_longer_body_is_refused_and_not_read_to_its_end() -> None:
    stream = io.BytesIO(b"x" * 5000)
    with pytest.raises(PayloadTooLargeError):
        guards.read_body(stream, LIMITS)

    assert stream.tell() <= 1001


def test_a_body_that_trickles_is_given_up_at_its_deadline() -> None:
    class Trickle:
        def read(self, size: int, /) -> bytes:
            time.sleep(0.05)
            return b"x"

    started = time.monotonic()
    with pytest.raises(BodyTimeoutError):
        guards.read_body(Trickle(), replace(LIMITS, body_timeout=0.2))

    assert time.monotonic() - started < 2


@pytest.mark.parametrize("error", [BlockingIOError(), TimeoutError()])
def test_a_body_that_stops_is_given_up(error: OSError) -> None:
    class Stalled:
        def read(self, size: int, /) -> bytes:
            raise error

    with pytest.raises(BodyTimeoutError):
        guards.read_body(Stalled(), LIMITS)


# -- arguments -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(guards.SERVER_PATH_ARGUMENTS))
def test_names_of_server_files_are_refused_unless_allowed_or_empty(name: str) -> None:
    with pytest.raises(BindingError, match=f"`{name}`"):
        guards.refuse_server_paths({name: ["/etc/passwd"]}, LIMITS)
    guards.refuse_server_paths({name: []}, LIMITS)
    guards.refuse_server_paths({name: ["/etc/passwd"]}, replace(LIMITS, allow_server_paths=True))


@pytest.mark.parametrize("size", [1, 2, 3, 100, 1001])
def test_base64_in_each_spelling_gives_the_same_bytes(size: int) -> None:
    data = bytes(number * 7 % 256 for number in range(size))
    plain = base64.b64encode(data).decode()
    spellings = [plain, base64.urlsafe_b64encode(data).decode(), base64.encodebytes(data).decode()]

    for text in [*spellings, "data:image/png;base64," + plain, f"\n {plain}\r\n"]:
        assert guards.decode_base64(text, "it") == data


@pytest.mark.parametrize("text", ["", "====", "A", "AAA=A", "A=A=", "%", "\0", "甲", None, 1, b"AAAA"])
def test_what_is_no_base64_is_refused_and_named(text: object) -> None:
    with pytest.raises(InvalidInputError, match=r"images\[3\]"):
        guards.decode_base64(text, "images[3]")


# -- images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", pictures.exotic())
def test_the_size_of_a_picture_is_read_from_its_header(name: str) -> None:
    data = pictures.exotic()[name]

    assert sorted(guards.image_size(data) or ()) == [20, 30]


@pytest.mark.parametrize("name", pictures.unreadable())
def test_what_is_no_picture_has_no_size(name: str) -> None:
    assert guards.image_size(pictures.unreadable()[name]) is None


def test_a_budget_counts_pixels_of_one_and_of_all_and_pictures() -> None:
    budget = ImageBudget(LIMITS)
    budget.spend(pictures.bomb(10, 100), "a")
    budget.spend(pictures.bomb(100, 10), "b")
    with pytest.raises(PayloadTooLargeError, match="together"):
        budget.spend(pictures.bomb(1, 1), "c")
    with pytest.raises(PayloadTooLargeError, match="d has 7 × 143 pixels"):
        ImageBudget(LIMITS).spend(pictures.bomb(7, 143), "d")
    budget = ImageBudget(LIMITS)
    for _ in range(3):
        budget.spend(b"no picture", "e")
    with pytest.raises(PayloadTooLargeError, match="more than 3 images"):
        budget.spend(b"no picture", "e")


def test_looking_at_a_bomb_decodes_nothing() -> None:
    started = time.monotonic()

    assert guards.image_size(pictures.bomb(2**31 - 1, 2**31 - 1)) == (2**31 - 1, 2**31 - 1)
    assert time.monotonic() - started < 1
