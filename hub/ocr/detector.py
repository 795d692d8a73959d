"""Text detection with a DB model: images in, boxes out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import cv2
import numpy as np

from hub import one_shot
from hub.checkpoint import checkpoint
from hub.engines.base import Batch, LoadedModel
from hub.ocr.db import boxes_from_map
from hub.ocr.geometry import Box, Image, clip_and_filter
from hub.ocr.params import DetectorParams
from hub.ocr.rules import PADDLEOCR, Rules
from hub.ocr.slices import LONGEST_MAP, Slices

#: Sides of the model's input are multiples of this.
_STRIDE: Final = 32
#: Below this sum of both sides an image is padded first.
_TINY_SUM: Final = 64
#: A picture at most this many times as long as a part of it would be is scaled as a whole, as a screen's is.
_WHOLE: Final = 2.5


class Detector:
    """A loaded detector. Safe to call from several threads."""

    def __init__(self, model: LoadedModel, params: DetectorParams, rules: Rules = PADDLEOCR) -> None:
        self.model = model
        self.params = params
        self.rules = rules

    def detect(self, images: Sequence[Image], params: DetectorParams | None = None) -> list[list[Box]]:
        """Find the text lines of each image: its boxes in contour order (not reading order).

        Args:
            images: uint8 (h, w, 3), BGR.
            params: sizes and thresholds for this call only; the model stays the one that was loaded.

        Returns:
            Per image float32 (4, 2) arrays, corners (x, y) in pixels, clockwise from the top left.
        """
        params = params or self.params
        cuts = [self._slices(image, params) for image in images]
        outputs = self.model.run_many(
            Batch(pixels[None])
            for image, cut in zip(images, cuts, strict=True)
            for pixels in self._inputs(image, cut, params)
        )
        found = []
        for image, cut in zip(images, cuts, strict=True):
            maps = (output[0][0, 0] for output in islice(outputs, len(cut.starts) if cut else 1))
            height, width = image.shape[:2]
            # A tiny image was padded, yet its boxes are scaled by its own size: PaddleOCR's quirk.
            joined = cut.join(maps) if cut else next(maps)
            boxes = boxes_from_map(joined, width, height, params, self.rules.det_db_max_candidates)
            found.append(clip_and_filter(boxes, height, width))
        return found

    def _slices(self, image: Image, params: DetectorParams) -> Slices | None:
        return slices_of(image.shape[0], image.shape[1], params) if self.rules.long_in_slices else None

    def _inputs(self, image: Image, cut: Slices | None, params: DetectorParams) -> Iterator[Image]:
        for pixels in cut.cut(image) if cut else (self.prepare(image, params) for _ in range(1)):
            checkpoint()
            yield pixels

    def prepare(self, image: Image, params: DetectorParams) -> Image:
        """Pad a tiny image and resize to the model's input: uint8 (h, w, 3)."""
        padded = pad_tiny(image)
        height, width = padded.shape[:2]
        size = input_size(
            height, width, params.det_limit_type, params.det_limit_side_len, params.longest_side
        )
        if size == (height, width):
            return padded
        resized: Image = cv2.resize(padded, size[::-1])
        return resized

    def warm_up(self) -> None:
        """Run once, so that the first request does not pay for what engines do late.

        The size is the largest of the usual ones: what memory the model works in is then there.
        """
        if one_shot.is_declared():
            return
        side = 960 if self.params.det_limit_type == "min" else min(self.params.det_limit_side_len, 960)
        for _ in range(self.model.parallel):
            self.detect([np.full((side, side, 3), 255, np.uint8)])


def pad_tiny(image: Image) -> Image:
    """Put an image whose sides sum up to less than 64 on black, at least 32 × 32."""
    height, width = image.shape[:2]
    if height + width >= _TINY_SUM:
        return image
    below, right = max(0, _STRIDE - height), max(0, _STRIDE - width)
    padded: Image = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)
    return padded


def input_size(
    height: int, width: int, limit_type: str, limit: int, longest: int | None = None
) -> tuple[int, int]:
    """Return height and width of the model's input, in pixels.

    The limited side first, then the longest of all, then each side to the nearest multiple of 32; halves
    go to the even multiple (48 to 64, 80 to 64, 112 to 128), as Python rounds.
    """
    ratio = 1.0
    if limit_type == "max" and max(height, width) > limit:
        ratio = limit / max(height, width)
    elif limit_type == "min" and min(height, width) < limit:
        ratio = limit / min(height, width)
    elif limit_type == "resize_long":
        ratio = limit / max(height, width)
    height, width = int(height * ratio), int(width * ratio)
    if longest is not None and max(height, width) > longest:
        ratio = longest / max(height, width)
        height, width = int(height * ratio), int(width * ratio)
    return _to_stride(height), _to_stride(width)


def slices_of(height: int, width: int, params: DetectorParams) -> Slices | None:
    """Return the parts in which a long picture is looked at; None for one that is scaled as a whole.

    A part is as long as the limit, where a picture is not scaled, or as the picture is wide.
    """
    longer, shorter = max(height, width), min(height, width)
    limit = params.longest_side
    if params.det_limit_type != "min":
        limit = min(limit, params.det_limit_side_len)
    part = max(shorter, limit)
    if longer <= _WHOLE * part:
        return None
    limits = params.det_limit_type, params.det_limit_side_len, params.longest_side
    size, across = input_size(part, shorter, *limits)
    total = round(longer * size / part)
    if total > LONGEST_MAP:
        part, total = math.ceil(longer * size / LONGEST_MAP), LONGEST_MAP
        across = _to_stride(int(shorter * size / part))
    upright = height > width
    return Slices(upright, longer, part, (size, across) if upright else (across, size), total)


def _to_stride(side: int) -> int:
    return max(round(side / _STRIDE) * _STRIDE, _STRIDE)
