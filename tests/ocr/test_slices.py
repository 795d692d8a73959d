"""Long pictures part by part, with a detector that calls dark pixels text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from hub.engines.base import Array, Batch, LoadedModel
from hub.ocr.db import boxes_from_map
from hub.ocr.detector import Detector, slices_of
from hub.ocr.geometry import Image, crop
from hub.ocr.params import DetectorParams
from hub.ocr.rules import PADDLEOCR, Rules

pytestmark = pytest.mark.unit


class Dark(LoadedModel):
    """Its map is 1 where the picture is dark; it notes the sizes that it was given."""

    engine = "none"

    def __init__(self) -> None:
        self.sizes: list[tuple[int, ...]] = []

    def run_many(self, batches: Iterable[Batch]) -> Iterator[tuple[Array, ...]]:
        for batch in batches:
            self.sizes.append(batch.images.shape[1:3])
            yield ((batch.images[:, None, :, :, 0] < 128).astype(np.float32),)


def params(**given: Any) -> DetectorParams:
    return DetectorParams(det_model_dir="", **given)


def detector(rules: Rules = Rules(), **given: Any) -> Detector:  # noqa: B008 - it is frozen
    return Detector(Dark(), params(**given), rules)


def blank(height: int, width: int) -> Image:
    return np.full((height, width, 3), 255, np.uint8)


@pytest.mark.parametrize(
    ("height", "width"), [(960, 960), (4000, 3000), (2400, 1080), (2400, 960), (1440, 3440)]
)
def test_a_page_or_a_screen_is_looked_at_as_a_whole(height: int, width: int) -> None:
    assert slices_of(height, width, params()) is None


def test_a_long_screenshot_is_looked_at_in_parts_at_full_size() -> None:
    slices = slices_of(9000, 800, params())
    assert slices is not None
    assert (slices.input_size, slices.total) == ((960, 800), 9000)


def test_parts_overlap_by_a_quarter_or_more_and_reach_both_ends() -> None:
    slices = slices_of(9000, 800, params())
    assert slices is not None
    steps = np.diff(slices.starts)
    assert steps.max() <= 720
    assert (slices.starts[0], slices.starts[-1] + 960) == (0, 9000)


def test_parts_of_a_wide_photograph_are_scaled_as_a_square_one_is() -> None:
    slices = slices_of(3000, 12_000, params())
    assert slices is not None
    assert (slices.input_size, slices.total) == ((960, 960), 3840)


def test_parts_of_type_min_are_as_long_as_the_longest_side() -> None:
    slices = slices_of(33_000, 450, params(det_limit_type="min", det_limit_side_len=64))
    assert slices is not None
    assert slices.input_size == (4000, 448)


@pytest.mark.parametrize("length", [200_000, 178_956_970])
def test_a_picture_longer_than_any_jpeg_is_scaled_down(length: int) -> None:
    slices = slices_of(1, length, params())
    assert slices is not None
    assert slices.total == 65_536
    assert len(slices.starts) < 100


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize(("long", "short"), [(9000, 800), (3333, 77), (40_000, 300), (70_001, 40)])
def test_every_piece_is_found_once(long: int, short: int, upright: bool) -> None:
    image = blank(long, short)
    tops = list(range(20, long - 60, 97))
    for top in tops:
        image[top : top + 24, 8 : short - 8] = 0
    if not upright:
        image = np.ascontiguousarray(image.transpose(1, 0, 2))
    (boxes,) = detector().detect([image])
    centres = sorted(float(box.mean(axis=0)[1 if upright else 0]) for box in boxes)
    assert centres == pytest.approx([top + 11.5 for top in tops], abs=3)


@pytest.mark.parametrize("width", [3200, 12_345])
def test_a_line_through_all_parts_is_one_box(width: int) -> None:
    image = blank(48, width)
    image[10:38, 30:-30] = 0
    (boxes,) = detector().detect([image])
    assert len(boxes) == 1
    left, right = boxes[0][0, 0], boxes[0][1, 0]
    assert left < 30
    assert right > width - 30


def test_parts_are_no_larger_than_another_picture() -> None:
    for given in ({}, {"det_limit_type": "min", "det_limit_side_len": 736}):
        found = detector(**given)
        found.detect([blank(10, 30_000), blank(30_000, 10)])
        assert max(height * width for height, width in found.model.sizes) <= 4000 * 32


def test_pictures_of_a_request_are_told_apart() -> None:
    images = [blank(300, 400), blank(3000, 100), blank(200, 200)]
    for number, image in enumerate(images):
        image[60:90, 20 : 60 + 10 * number] = 0
    found = detector().detect(images)
    assert [boxes[0].astype(int).tolist() for boxes in found] == [
        detector().detect([image])[0][0].astype(int).tolist() for image in images
    ]


def test_paddleocr_scales_a_long_picture_as_a_whole() -> None:
    found = detector(PADDLEOCR)
    found.detect([blank(9000, 800)])
    assert found.model.sizes == [(960, 96)]


@pytest.mark.parametrize("count", [1001, 1235, 3000])
def test_all_pieces_of_a_page_are_found(count: int) -> None:
    image = blank(960, 960)
    for i in range(count):
        y, x = 6 + 16 * (i // 55), 6 + 17 * (i % 55)
        image[y : y + 6, x : x + 8] = 0
    assert len(detector().detect([image])[0]) == count
    assert len(detector(PADDLEOCR).detect([image])[0]) == 1000


def test_a_map_in_bytes_has_the_boxes_of_one_in_floats() -> None:
    rng = np.random.default_rng(1)
    floats = np.zeros((200, 300), np.float32)
    for x in (20, 120, 220):
        floats[40:60, x : x + 50] = rng.uniform(0.4, 1, (20, 50))
    one, other = (
        boxes_from_map(each, 300, 200, params()) for each in (floats, np.rint(floats * 255).astype(np.uint8))
    )
    assert [box.tolist() for box in one] == [box.tolist() for box in other]


def test_a_piece_is_cut_out_of_a_picture_longer_than_opencv_warps() -> None:
    image = blank(33_000, 60)
    image[32_500:32_520, 10:50] = 0
    box = np.array([[10, 32_500], [50, 32_500], [50, 32_520], [10, 32_520]], np.float32)
    assert crop(image, box).max() == 0


def test_a_line_longer_than_opencv_warps_is_cut_out() -> None:
    image = blank(40, 40_000)
    box = np.array([[5, 5], [39_990, 5], [39_990, 35], [5, 35]], np.float32)
    cut = crop(image, box)
    assert cut.min() == 255
    assert 1100 < cut.shape[1] / cut.shape[0] < 1500
