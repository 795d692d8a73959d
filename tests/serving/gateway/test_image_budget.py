"""Images by their headers."""

from __future__ import annotations

import time

import pytest

from hub.errors import PayloadTooLargeError
from hub.image_header import image_size
from hub.serving.gateway.image_budget import ImageBudget
from tests.serving import pictures
from tests.serving.gateway.limits import LIMITS

pytestmark = pytest.mark.unit


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
