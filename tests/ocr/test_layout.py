"""Reading order by lines: shuffled boxes of a page come back in the order that it was written in."""

from __future__ import annotations

import numpy as np
import pytest

from hub.ocr.geometry import Box, order_clockwise, reading_order
from hub.ocr.layout import line_order

pytestmark = pytest.mark.unit


def box(x: float, y: float, width: float, height: float) -> Box:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def table(*, height: float, rows: int = 8, uneven: float = 0.1) -> list[Box]:
    """Rows of a word, a number and a price, as far apart as on paper; tops differ by a part of the height."""
    rng = np.random.default_rng(3)
    edges = (0.0, 11.0, 19.0)
    return [
        box(x * height, (2.1 * row + rng.uniform(-uneven, uneven)) * height, width * height, height)
        for row in range(rows)
        for x, width in zip(edges, rng.uniform(1.5, 7, 3), strict=True)
    ]


def turned(boxes: list[Box], degrees: float) -> list[Box]:
    """The same page turned clockwise, with corners in whole pixels as the detector gives them."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.stack(boxes).astype(np.float64) @ turn.T
    corners -= corners.min(axis=(0, 1)) - 10
    return [order_clockwise(np.rint(each).astype(np.int32)) for each in corners]


def order_of_shuffled(boxes: list[Box], **page: bool) -> list[int]:
    shuffled = np.random.default_rng(5).permutation(len(boxes))
    return [int(shuffled[i]) for i in line_order([boxes[i] for i in shuffled], **page)]


@pytest.mark.parametrize("degrees", [-8, -2, 0, 2, 8])
@pytest.mark.parametrize("height", [12, 38, 120])
def test_a_page_is_read_row_by_row_at_any_size_and_tilt(height: int, degrees: int) -> None:
    boxes = turned(table(height=height), degrees)
    assert order_of_shuffled(boxes) == list(range(len(boxes)))


def test_ten_pixels_would_read_it_from_the_right() -> None:
    first, second = box(10, 24, 200, 50), box(500, 10, 200, 50)
    assert reading_order([first, second])[0] is second
    assert line_order([second, first]) == [1, 0]


def test_small_lines_beside_a_large_one_stay_below_each_other() -> None:
    logo, name, street = box(0, 0, 90, 90), box(120, 5, 200, 30), box(110, 55, 240, 30)
    assert line_order([street, name, logo]) == [2, 1, 0]


def test_words_below_each_other_are_two_lines_however_close() -> None:
    assert line_order([box(0, 22, 200, 40), box(4, 0, 190, 40)]) == [1, 0]


def test_a_raised_figure_stays_in_its_line() -> None:
    price, cents, below = box(0, 0, 100, 60), box(104, 2, 30, 24), box(0, 70, 140, 30)
    assert line_order([below, cents, price]) == [2, 1, 0]


def test_a_page_that_bends_is_read_row_by_row() -> None:
    """As paper that lies on a hand: rows sag in the middle by more than half their height."""
    rows = [[box(60 * x, 40 * y + 16 * np.sin(np.pi * x / 15), 50, 26) for x in range(16)] for y in range(5)]
    boxes = [each for row in rows for each in row]
    assert order_of_shuffled(boxes) == list(range(len(boxes)))


@pytest.mark.parametrize("degrees", [-3, 0, 3])
@pytest.mark.parametrize(
    ("quarters", "page"),
    [
        (90, {"vertical": True}),
        (180, {"flipped": True}),
        (270, {"vertical": True, "flipped": True}),
    ],
)
def test_a_page_on_another_side_keeps_its_order(quarters: int, page: dict[str, bool], degrees: int) -> None:
    boxes = turned(table(height=30), quarters + degrees)
    assert order_of_shuffled(boxes, **page) == list(range(len(boxes)))


@pytest.mark.parametrize("count", [0, 1])
def test_a_page_of_no_or_one_piece_has_an_order(count: int) -> None:
    assert line_order([box(0, 0, 10, 10)] * count) == list(range(count))


def test_boxes_without_extent_have_an_order() -> None:
    assert sorted(line_order([box(5, 5, 0, 0)] * 3)) == [0, 1, 2]
