"""Quadrilaterals around text: order of corners, reading order, cutting out. No model, no state.

A box is float32 (4, 2), pixels (x, y), clockwise from the top left. The rules and constants are those
of PaddleOCR's predict_det, predict_system and its crop function, quirks included, because the same
text must come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Box = npt.NDArray[np.float32]

#: Boxes whose tops are less than this many pixels apart count as one line of text.
_SAME_LINE_PX: Final = 10
#: Sides of this length or shorter are noise.
_MIN_SIDE_PX: Final = 3
#: A crop at least this many times as high as wide is vertical text, and is turned.
_VERTICAL_RATIO: Final = 1.5
#: OpenCV warps nothing, to nothing, that has a side of 32 767 pixels or more.
_LONGEST_SIDE: Final = 32_000


def order_clockwise(points: npt.NDArray[np.generic]) -> Box:
    """Sort four corners: smallest and largest x+y, then of the rest smallest and largest y-x."""
    sums = points.sum(axis=1)
    first, third = int(np.argmin(sums)), int(np.argmax(sums))
    rest = np.delete(points, (first, third), axis=0)
    slopes = np.diff(rest, axis=1)[:, 0]
    corners = [points[first], rest[np.argmin(slopes)], points[third], rest[np.argmax(slopes)]]
    return np.asarray(corners, np.float32)


def clip_and_filter(boxes: Sequence[npt.NDArray[np.int32]], height: int, width: int) -> list[Box]:
    """Order each box's corners, move them into the image, drop boxes with a side of 3 pixels or less."""
    kept = []
    for points in boxes:
        # Truncated to whole pixels; the integer clip before the scaling does not see the image's edge.
        box = np.clip(order_clockwise(points), 0, (width - 1, height - 1)).astype(np.int32).astype(np.float32)
        if int(np.linalg.norm(box[0] - box[[1, 3]], axis=1).min()) > _MIN_SIDE_PX:
            kept.append(box)
    return kept


def reading_order(boxes: Sequence[Box]) -> list[Box]:
    """Sort from top to bottom, and from left to right where two tops are less than ten pixels apart.

    One insertion pass after the sort, as in PaddleOCR: a tilted line may stay out of order.
    """
    ordered = sorted(boxes, key=lambda box: (box[0][1], box[0][0]))
    for last in range(len(ordered) - 1):
        for i in range(last, -1, -1):
            left, right = ordered[i][0], ordered[i + 1][0]
            if abs(right[1] - left[1]) < _SAME_LINE_PX and right[0] < left[0]:
                ordered[i], ordered[i + 1] = ordered[i + 1], ordered[i]
            else:
                break
    return ordered


def crop(image: Image, box: Box, *, quarter: bool | None = None, widened: float = 0.0) -> Image:
    """Cut a box out and make it upright: uint8 (h, w, 3).

    Args:
        image: uint8 (h, w, 3).
        box: where.
        quarter: turn it by 90 degrees counter-clockwise; by its shape unless given, as vertical text.
        widened: cut out more on the left and the right, this part of its height.
    """
    if max(image.shape[:2]) > _LONGEST_SIDE:
        image, box = _surroundings(image, box)
    width, height = side_lengths(box)
    margin = widened * height
    if margin:
        beside = (box[1] - box[0] + box[2] - box[3]) / max(2 * width, 1) * margin
        box, width = box + np.stack([-beside, beside, beside, -beside]), width + int(2 * margin)
    target = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    upright: Image = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(box, target),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    turn = is_column(box) if quarter is None else quarter
    return cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE) if turn else upright


def _surroundings(image: Image, box: Box) -> tuple[Image, Box]:
    """Return the part of an image around a box, with what interpolation looks at, and the box in it."""
    margin = side_lengths(box)[1] + 4
    left, top = np.maximum(np.floor(box.min(axis=0)).astype(int) - margin, 0).tolist()
    right, bottom = (np.ceil(box.max(axis=0)).astype(int) + margin).tolist()
    part = image[top:bottom, left:right]
    longest = max(part.shape[:2])
    corners = box - np.array([left, top], np.float32)
    if longest <= _LONGEST_SIDE:
        return part, corners
    # One line as long as that: the recogniser squeezes it much further.
    share = _LONGEST_SIDE / longest
    size = [max(1, int(side * share)) for side in part.shape[1::-1]]
    return cv2.resize(part, size), (corners * share).astype(np.float32)


def side_lengths(box: Box) -> tuple[int, int]:
    """Return width and height of a box, the longer of each two opposite sides, in whole pixels."""
    width = int(max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[2] - box[3])))
    height = int(max(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[1] - box[2])))
    return width, height


def is_column(box: Box) -> bool:
    """Tell whether its text is read from the top."""
    width, height = side_lengths(box)
    return height >= _VERTICAL_RATIO * width
