"""Images by their headers, and their base64."""

from __future__ import annotations

import base64
import time
import tracemalloc

import pytest

from hub.errors import InvalidInputError, PayloadTooLargeError
from hub.image_header import image_size
from hub.serving.gateway import image_budget
from hub.serving.gateway.image_budget import ImageBudget
from tests.serving import pictures
from tests.serving.gateway.limits import LIMITS

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("size", [1, 2, 3, 100, 1001])
def test_base64_in_each_spelling_gives_the_same_bytes(size: int) -> None:
    data = bytes(number * 7 % 256 for number in range(size))
    plain = base64.b64encode(data).decode()
    spellings = [plain, base64.urlsafe_b64encode(data).decode(), base64.encodebytes(data).decode()]

    for text in [*spellings, "data:image/png;base64," + plain, f"\n {plain}\r\n"]:
        assert image_budget.decode_base64(text, "it") == data


def test_base64_full_of_blanks_takes_no_memory_for_each_of_them() -> None:
    tracemalloc.start()
    text = "QU J D" * 500_000
    before, _ = tracemalloc.get_traced_memory()
    assert image_budget.decode_base64(text, "it") == b"ABC" * 500_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak - before < 5 * len(text)


@pytest.mark.parametrize("text", ["", "====", "A", "AAA=A", "A=A=", "%", "\0", "甲", None, 1, b"AAAA"])
def test_what_is_no_base64_is_refused_and_named(text: object) -> None:
    with pytest.raises(InvalidInputError, match=r"images\[3\]"):
        image_budget.decode_base64(text, "images[3]")


@pytest.mark.parametrize("name", pictures.exotic())
def test_the_size_of_a_picture_is_read_from_its_header(name: str) -> None:
    data = pictures.exotic()[name]

    assert sorted(image_size(data) or ()) == [20, 30]


@pytest.mark.parametrize("name", pictures.unreadable())
def test_what_is_no_picture_has_no_size(name: str) -> None:
    assert image_size(pictures.unreadable()[name]) is None


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

    assert image_size(pictures.bomb(2**31 - 1, 2**31 - 1)) == (2**31 - 1, 2**31 - 1)
    assert time.monotonic() - started < 1
