from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hub.ocr.db import Map, boxes_from_map, mean_inside, min_area_box, unclip
from hub.ocr.params import DetectorParams

pytestmark = pytest.mark.unit


def params(**given: Any) -> DetectorParams:
    return DetectorParams(det_model_dir="", **given)


NO_GROWTH = params(det_db_unclip_ratio=0.01)


def blob(*, top: int = 20, left: int = 20, height: int = 12, width: int = 60, value: float = 0.9) -> Map:
    probabilities = np.zeros((100, 120), np.float32)
    probabilities[top : top + height, left : left + width] = value
    return probabilities


def square(low: float, high: float) -> np.ndarray:
    return np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)


def test_a_bright_rectangle_becomes_one_box_around_it() -> None:
    (box,) = boxes_from_map(blob(), 120, 100, params())
    assert box.dtype == np.int32
    (left, top), _, (right, bottom), _ = box.tolist()
    # 59 × 11 grows by area × 1.6 / perimeter = 7.4 pixels on every side.
    assert (left, top, right, bottom) == pytest.approx((13, 13, 86, 38), abs=1)


def test_boxes_are_scaled_to_the_image() -> None:
    (small,) = boxes_from_map(blob(), 120, 100, params())
    (large,) = boxes_from_map(blob(), 240, 300, params())
    assert np.abs(large - small * [2, 3]).max() <= 3


def test_boxes_end_at_the_edge_of_the_image() -> None:
    (box,) = boxes_from_map(blob(top=0, left=0), 120, 100, params())
    assert box.min() == 0


def test_a_pixel_must_be_above_the_threshold() -> None:
    assert boxes_from_map(blob(value=0.3), 120, 100, params(det_db_thresh=0.3, det_db_box_thresh=0)) == []


@pytest.mark.parametrize(("box_thresh", "found"), [(0.6, 0), (0.4, 1)])
def test_a_box_needs_the_box_threshold_on_average(box_thresh: float, found: int) -> None:
    assert len(boxes_from_map(blob(value=0.5), 120, 100, params(det_db_box_thresh=box_thresh))) == found


def test_a_side_of_less_than_three_pixels_is_noise() -> None:
    assert boxes_from_map(blob(height=3), 120, 100, params()) == []


def test_a_side_of_less_than_five_pixels_after_growing_is_noise() -> None:
    assert boxes_from_map(blob(height=5), 120, 100, NO_GROWTH) == []


def test_dilation_joins_what_is_one_pixel_apart() -> None:
    halves = blob()
    halves[:, 50] = 0
    assert len(boxes_from_map(halves, 120, 100, params())) == 2
    assert len(boxes_from_map(halves, 120, 100, params(use_dilation=True))) == 1


def test_the_slow_score_looks_under_the_contour_only() -> None:
    triangle = np.triu(np.full((80, 80), 0.8, np.float32))
    options = {mode: params(det_db_score_mode=mode, det_db_box_thresh=0.7) for mode in ("fast", "slow")}
    assert boxes_from_map(triangle, 80, 80, options["fast"]) == []
    assert len(boxes_from_map(triangle, 80, 80, options["slow"])) == 1


def test_the_mean_is_taken_inside_the_outline() -> None:
    probabilities = np.zeros((20, 20), np.float32)
    probabilities[5:11, 5:11] = 0.5
    assert mean_inside(probabilities, square(5, 10)) == pytest.approx(0.5)


def test_an_outline_beyond_the_map_is_cut_off() -> None:
    assert mean_inside(np.ones((20, 20), np.float32), square(-5, 30)) == pytest.approx(1.0)


def test_unclip_grows_by_area_times_ratio_over_perimeter() -> None:
    grown = unclip(square(100, 140), 1.6)  # 1600 × 1.6 / 160 = 16
    assert grown is not None
    assert (grown.min(), grown.max()) == (84, 156)


def test_unclip_cuts_off_the_fraction_of_the_corners() -> None:
    whole, fractional = unclip(square(100, 140), 1.0), unclip(square(100.9, 140.9), 1.0)
    assert whole is not None
    assert np.array_equal(whole, fractional)


def test_a_min_area_box_tells_its_shorter_side() -> None:
    points = np.array([[10, 10], [60, 10], [60, 30], [10, 30]], np.int32).reshape(-1, 1, 2)
    box, side = min_area_box(points)
    assert box.tolist() == [[10, 10], [60, 10], [60, 30], [10, 30]]
    assert side == pytest.approx(20)
