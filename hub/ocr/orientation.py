"""Which way up a page is, and the places on it before and after it is turned.

The angles are those of PaddleX: by how many degrees a picture is turned counter-clockwise to be upright.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from hub.checkpoint import checkpoint
from hub.engines.base import Batch, LoadedModel, Normalize
from hub.errors import ConfigError
from hub.ocr.ctc import Reading
from hub.ocr.geometry import Box, Image, is_column
from hub.ocr.params import OrientationParams

#: How a page's pixels become numbers: ImageNet's figures, of RGB.
IMAGENET: Final = Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
#: The model's classes, in their order.
_ANGLES: Final = (0, 90, 180, 270)
#: OpenCV's word for each.
_ROTATIONS: Final = {
    90: cv2.ROTATE_90_COUNTERCLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_CLOCKWISE,
}
#: The shorter side of a page is scaled to this, …
_SHORTER: Final = 256
#: … and the square of this size in the middle is what the model sees.
_SEEN: Final = 224
#: Of a longer page only the middle is scaled: a line of one pixel would become gigabytes.
_LONGEST: Final = 4


class Orientation:
    """A loaded classifier of pages, as PaddleX's PP-LCNet_x1_0_doc_ori. Safe to call from several threads."""

    def __init__(self, model: LoadedModel, params: OrientationParams) -> None:
        self.model = model
        self.params = params

    def angles(self, pages: Sequence[Image]) -> list[int]:
        """Tell by how many degrees each page has to be turned counter-clockwise to be upright.

        Args:
            pages: uint8 (h, w, 3), BGR.

        Returns:
            0, 90, 180 or 270 for each; 0 where the model is less sure than ``page_orientation_thresh``.
        """
        outputs = self.model.run_many(Batch(prepare(page)[None]) for page in pages)
        return [
            _ANGLES[int(ids[0])] if scores[0] >= self.params.page_orientation_thresh else 0
            for ids, scores in outputs
        ]

    def warm_up(self) -> None:
        """Run on every stream, and look at the model's classes; raises ConfigError where they are others."""
        pages = [np.full((_SEEN, _SEEN, 3), 255, np.uint8)] * self.model.parallel
        for _ in self.model.run_many(Batch(prepare(page)[None]) for page in pages):
            pass
        if self.model.classes != len(_ANGLES):
            raise ConfigError(
                f"params.py: page_orientation_model_dir = {str(self.params.page_orientation_model_dir)!r}: "
                f"the model has {self.model.classes} classes, not the four of 0, 90, 180 and 270 degrees"
            )


def prepare(page: Image) -> Image:
    """Return what the model sees of a page, uint8 (224, 224, 3), RGB."""
    checkpoint()
    height, width = page.shape[:2]
    longest = _LONGEST * min(height, width)
    page = _middle(page, min(height, longest), min(width, longest))
    height, width = page.shape[:2]
    scale = _SHORTER / min(height, width)
    scaled: Image = cv2.resize(page, (round(width * scale), round(height * scale)))
    return np.ascontiguousarray(_middle(scaled, _SEEN, _SEEN)[:, :, ::-1])


def _middle(image: Image, height: int, width: int) -> Image:
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def turned(picture: Image, angle: int) -> Image:
    """Return a picture turned counter-clockwise by 0, 90, 180 or 270 degrees, with exactly its pixels."""
    return cv2.rotate(picture, _ROTATIONS[angle]) if angle else picture


def box_in_picture(box: Box, angle: int, picture: Image) -> Box:
    """Return where a box of a turned page is in the picture, clockwise from the picture's top left.

    Args:
        box: float32 (4, 2), corners (x, y) in the page, clockwise from its top left.
        angle: by which the page was turned.
        picture: as it was before.
    """
    bottom, right = picture.shape[0] - 1, picture.shape[1] - 1
    x, y = box[:, 0], box[:, 1]
    places = {
        0: (x, y),
        90: (right - y, x),
        180: (right - x, bottom - y),
        270: (y, bottom - x),
    }
    return np.roll(np.stack(places[angle], axis=1), angle // 90, axis=0)


def reading_in_picture(reading: Reading, box: Box, angle: int, *, half: bool) -> tuple[Reading, bool]:
    """Return how a box of a turned page is read in the picture, and whether upside down.

    Args:
        reading: in the page.
        box: in the page.
        angle: by which the page was turned.
        half: whether the piece was upside down in the page.
    """
    quarter = is_column(box) if reading.quarter is None else reading.quarter
    # Text runs to the right, down, to the left, up: 0 to 3.
    direction = (quarter + 2 * half + angle // 90) % 4
    return reading._replace(quarter=direction % 2 == 1), direction >= 2
