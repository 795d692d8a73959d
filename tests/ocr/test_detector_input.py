from __future__ import annotations

import numpy as np
import pytest

from hub.ocr.detector import input_size, pad_tiny
from hub.ocr.params import DetectorParams

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("side", "rounded"), [(48, 64), (80, 64), (112, 128), (47, 32), (49, 64), (1, 32), (95, 96)]
)
def test_sides_go_to_the_nearest_multiple_of_32_and_halves_to_the_even_one(side: int, rounded: int) -> None:
    assert input_size(side, 320, "max", 960) == (rounded, 320)


def test_an_image_within_the_limit_keeps_its_size() -> None:
    assert input_size(640, 960, "max", 960) == (640, 960)


def test_the_longer_side_is_limited_and_the_other_follows() -> None:
    # 1000 × 960/1500 = 640
    assert input_size(1000, 1500, "max", 960) == (640, 960)


def test_a_fraction_of_a_pixel_is_cut_off_before_rounding() -> None:
    # 961 / 2 = 480.5: 480 is 15 × 32.
    assert input_size(961, 1920, "max", 960) == (480, 960)


def test_type_min_enlarges_the_shorter_side() -> None:
    assert input_size(368, 736, "min", 736) == (736, 1472)


def test_type_min_leaves_larger_images() -> None:
    assert input_size(800, 1600, "min", 736) == (800, 1600)


def test_type_resize_long_always_scales_the_longer_side() -> None:
    assert input_size(160, 320, "resize_long", 960) == (480, 960)


def test_paddlexs_limit_of_the_longest_side_comes_last() -> None:
    # 64/min makes 100 × 16 to 400 × 64, which is 12.5 × 32; 32 000 × 6 400 is more than 4 000.
    assert input_size(16, 100, "min", 64, 4000) == (64, 384)
    assert input_size(6400, 32000, "min", 64, 4000) == (800, 4000)


@pytest.mark.parametrize(("height", "width"), [(10, 20), (31, 32), (1, 62)])
def test_sides_that_sum_up_to_less_than_64_are_padded_with_black(height: int, width: int) -> None:
    padded = pad_tiny(np.full((height, width, 3), 255, np.uint8))
    assert padded.shape == (max(32, height), max(32, width), 3)
    assert padded[:height, :width].min() == 255
    assert padded.sum() == 255 * 3 * height * width


def test_sides_that_sum_up_to_64_are_not_padded() -> None:
    assert pad_tiny(np.zeros((4, 60, 3), np.uint8)).shape == (4, 60, 3)


@pytest.mark.parametrize(
    ("limit_type", "limit", "longest"), [("min", 736, 4000), ("max", 960, 4000), ("max", 6000, 6000)]
)
def test_a_side_is_at_most_what_paddlex_allows_unless_it_is_set_to_more(
    limit_type: str, limit: int, longest: int
) -> None:
    params = DetectorParams(det_model_dir="a", det_limit_side_len=limit, det_limit_type=limit_type)

    assert params.longest_side == longest


def test_a_strip_takes_no_more_memory_than_another_picture() -> None:
    params = DetectorParams(det_model_dir="a", det_limit_side_len=736, det_limit_type="min")

    assert input_size(10, 3000, "min", 736, params.longest_side) == (32, 4000)
    assert input_size(13_000, 13_000, "min", 736, params.longest_side) == (4000, 4000)
