from __future__ import annotations

import numpy as np
import pytest

from hub.ocr.geometry import Image
from hub.ocr.padding import (
    MAX_WIDTH,
    Plan,
    fast_plans,
    parity_plans,
    rounded_width,
    scaled_width,
    usual_widths,
)

pytestmark = pytest.mark.unit


def line(width: int, height: int = 48) -> Image:
    return np.zeros((height, width, 3), np.uint8)


def parity(*widths: int, batch_num: int = 6) -> list[Plan]:
    lines = [line(width) for width in widths]
    return list(parity_plans(lines, height=48, min_width=320, batch_num=batch_num))


def test_parity_pads_short_lines_to_320() -> None:
    assert parity(100, 200) == [Plan((0, 1), 320)]


def test_parity_pads_to_the_widest_of_the_batch() -> None:
    assert parity(500, 100) == [Plan((1, 0), 500)]


def test_parity_sorts_by_shape_before_it_makes_batches() -> None:
    assert parity(700, 50, 600, 60, batch_num=2) == [Plan((1, 3), 320), Plan((2, 0), 700)]


def test_parity_keeps_the_order_of_equal_lines() -> None:
    assert parity(90, 90, 90, batch_num=2) == [Plan((0, 1), 320), Plan((2,), 320)]


def test_parity_truncates_the_width() -> None:
    lines = [line(501, 47)]  # 48 × 501 / 47 = 511.66
    assert next(parity_plans(lines, height=48, min_width=320, batch_num=6)).width == 511


def test_a_page_without_lines_has_no_batches() -> None:
    assert parity() == []


def test_fast_gives_each_line_its_own_batch() -> None:
    assert list(fast_plans([line(100), line(300)], height=48)) == [Plan((0,), 128), Plan((1,), 320)]


@pytest.mark.parametrize(
    ("width", "rounded"), [(1, 32), (32, 32), (33, 64), (256, 256), (257, 288), (512, 512), (513, 576)]
)
def test_widths_are_rounded_up_in_growing_steps(width: int, rounded: int) -> None:
    assert rounded_width(width) == rounded


def test_the_usual_widths_are_few_and_every_line_up_to_640_has_one_of_them() -> None:
    assert len(usual_widths()) == 18
    assert {rounded_width(width) for width in range(1, 641)} == set(usual_widths())


def test_the_longest_lines_are_squeezed() -> None:
    assert rounded_width(10**6) == MAX_WIDTH
    assert parity(10**6)[0].width == MAX_WIDTH


def test_the_scaled_width_is_rounded_up() -> None:
    assert scaled_width(line(100, 47), 48) == 103
