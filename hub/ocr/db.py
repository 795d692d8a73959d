"""Differentiable Binarization: from the detector's probability map to boxes.

Map in, boxes out; follows PaddleOCR's DBPostProcess ("quad" boxes) rule by rule.
"""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import pyclipper

from hub.ocr.params import DetectorParams

#: Float32 from 0 to 1, or uint8 from 0 to 255.
Map = npt.NDArray[np.float32] | npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

#: Shortest side, in pixels of the map, before and after unclipping.
_MIN_SIDE: Final = 3
_MIN_UNCLIPPED_SIDE: Final = 5
#: A contour of this height or width surely has a shorter side: at most √2 times the one less a pixel.
_SPECK: Final = 3


def boxes_from_map(
    probabilities: Map,
    width: int,
    height: int,
    params: DetectorParams,
    max_candidates: int | None = None,
) -> list[npt.NDArray[np.int32]]:
    """Find the text boxes of one image, in contour order (roughly bottom up).

    Args:
        probabilities: (h, w), the detector's output.
        width: pixels of the image that the boxes shall be scaled to.
        height: the same.
        params: the thresholds.
        max_candidates: how many contours are looked at, the lowest of the page first; None for all.

    Returns:
        int32 (4, 2) arrays, pixels of the image, clockwise from the top left.
    """
    mask = (probabilities > _in_units_of(probabilities, params.det_db_thresh)).view(np.uint8)
    if params.use_dilation:
        mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    boxes = (_box(contour, probabilities, params) for contour in contours[:max_candidates])
    return [_scale(box, probabilities.shape, width, height) for box in boxes if box is not None]


def _box(contour: npt.NDArray[np.int32], probabilities: Map, params: DetectorParams) -> Points | None:
    if min(cv2.boundingRect(contour)[2:]) <= _SPECK:  # noise makes a million of them
        return None
    box, side = min_area_box(contour)
    if side < _MIN_SIDE:
        return None
    outline = box if params.det_db_score_mode == "fast" else contour.reshape(-1, 2).astype(np.float32)
    if params.det_db_box_thresh > mean_inside(probabilities, outline):
        return None
    grown = unclip(box, params.det_db_unclip_ratio)
    if grown is None:
        return None
    box, side = min_area_box(grown)
    return None if side < _MIN_UNCLIPPED_SIDE else box


def min_area_box(points: npt.NDArray[np.generic]) -> tuple[Points, float]:
    """Return the smallest rectangle, at any angle, around points, and the length of its shorter side.

    float32 (4, 2), clockwise from the top left: the two leftmost, the two rightmost corners, each pair by y.
    """
    rectangle = cv2.minAreaRect(points)
    first, second, third, fourth = sorted(cv2.boxPoints(rectangle).tolist(), key=itemgetter(0))
    left, right = sorted((second, first), key=itemgetter(1)), sorted((fourth, third), key=itemgetter(1))
    return np.array([left[0], right[0], right[1], left[1]], np.float32), min(rectangle[1])


def mean_inside(probabilities: Map, outline: Points) -> float:
    """Return the mean of the map under a polygon, corners truncated to whole pixels of its bounding box."""
    corners = np.array([np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))])
    last = np.array(probabilities.shape[::-1]) - 1
    (left, top), (right, bottom) = np.clip(corners, 0, last).astype(int).tolist()
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(outline - np.array([left, top], np.float32)).astype(np.int32)], 1)
    mean = float(cv2.mean(probabilities[top : bottom + 1, left : right + 1], mask)[0])
    return mean / 255 if probabilities.dtype == np.uint8 else mean


def _in_units_of(probabilities: Map, threshold: float) -> float:
    return int(threshold * 255) if probabilities.dtype == np.uint8 else threshold


def unclip(box: Points, ratio: float) -> npt.NDArray[np.int32] | None:
    """Grow a box outwards by area × ratio / perimeter, with rounded corners.

    pyclipper works on integers and cuts off the fraction of the corners it is given; so does this, in
    the open. Returns int32 (n, 1, 2), or None where the outline falls apart.
    """
    corners = [(float(x), float(y)) for x, y in box]
    following = corners[1:] + corners[:1]
    pairs = list(zip(corners, following, strict=True))
    area = abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2
    perimeter = sum(math.dist(one, other) for one, other in pairs)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath([(int(x), int(y)) for x, y in corners], pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    paths = offset.Execute(area * ratio / perimeter)
    return np.asarray(paths[0], np.int32).reshape(-1, 1, 2) if len(paths) == 1 else None


def _scale(box: Points, map_shape: tuple[int, ...], width: int, height: int) -> npt.NDArray[np.int32]:
    """Convert the map's pixels to the image's: rounded half to even, clipped to [0, size]."""
    map_size, size = np.array([map_shape[::-1], (width, height)], np.float32)
    scaled: npt.NDArray[np.float32] = np.clip(np.round(box / map_size * size), 0, size)
    return scaled.astype(np.int32)
