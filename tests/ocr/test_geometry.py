from __future__ import annotations

import numpy as np
import pytest

from hub.ocr.geometry import Box, clip_and_filter, crop, order_clockwise, reading_order

pytestmark = pytest.mark.unit


def box(x: float, y: float, width: float = 100, height: float = 20) -> Box:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float32)


def tops(boxes: list[Box]) -> list[list[float]]:
    return [each[0].tolist() for each in boxes]


@pytest.mark.parametrize("turn", range(4))
def test_corners_start_at_the_top_left_and_go_clockwise(turn: int) -> None:
    upright = box(10, 20)
    assert order_clockwise(np.roll(upright, turn, axis=0)).tolist() == upright.tolist()


def test_boxes_are_moved_into_the_image() -> None:
    (only,) = clip_and_filter([np.array([[-5, -5], [200, -5], [200, 60], [-5, 60]], np.int32)], 50, 100)
    assert only.tolist() == [[0, 0], [99, 0], [99, 49], [0, 49]]


@pytest.mark.parametrize(("side", "kept"), [(3, 0), (4, 1)])
def test_boxes_with_a_side_of_three_pixels_or_less_are_dropped(side: int, kept: int) -> None:
    assert len(clip_and_filter([box(0, 0, 50, side).astype(np.int32)], 100, 100)) == kept


def test_a_side_is_truncated_before_it_is_compared() -> None:
    slanted = np.array([[0, 0], [40, 0], [42, 3], [2, 3]], np.int32)  # sides of 3.6 pixels
    assert clip_and_filter([slanted], 100, 100) == []


def test_reading_order_is_top_to_bottom() -> None:
    assert tops(reading_order([box(0, 60), box(50, 0), box(20, 30)])) == [[50, 0], [20, 30], [0, 60]]


def test_tops_less_than_ten_pixels_apart_are_one_line() -> None:
    assert tops(reading_order([box(300, 0), box(0, 9)])) == [[0, 9], [300, 0]]


def test_tops_ten_pixels_apart_are_two_lines() -> None:
    assert tops(reading_order([box(300, 0), box(0, 10)])) == [[300, 0], [0, 10]]


def test_a_box_moves_left_past_several_of_its_line() -> None:
    assert tops(reading_order([box(200, 0), box(400, 1), box(0, 2)])) == [[0, 2], [200, 0], [400, 1]]


def test_a_crop_has_the_size_of_its_box() -> None:
    image = np.arange(100 * 200 * 3, dtype=np.uint8).reshape(100, 200, 3)
    cut = crop(image, box(10, 20, 60, 30))
    assert cut.shape == (30, 60, 3)
    assert np.array_equal(cut, image[20:50, 10:70])


def test_a_crop_half_as_high_again_as_wide_is_turned_counter_clockwise() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[10:15, 10:30] = 255  # the top end of a vertical line of text
    cut = crop(image, box(10, 10, 20, 30))
    assert cut.shape == (20, 30, 3)
    assert cut[:, :4].min() == 255  # is now the left end


def test_a_crop_less_high_than_that_is_left_as_it_is() -> None:
    assert crop(np.zeros((100, 100, 3), np.uint8), box(10, 10, 20, 29)).shape == (29, 20, 3)
