"""The width of a recogniser's input: which lines go into one batch, and what they are padded to.

A recogniser sees the whole width of its input, so padding changes what is read, if only now and then.
Two ways are offered:

parity  PaddleOCR's own: lines sorted by shape, six to a batch, all padded to the widest of them
        and to at least 320 pixels. The text is PaddleOCR's.
fast    every line at about its own width, one to a batch. Less is computed, and what is read
        does not depend on the other lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from hub.engines.base import Batch
from hub.ocr.geometry import Image

#: Fast mode's widths are multiples of this power of two up to sixteen of them, then of the next: at most
#: an eighth of a line above 256 is padding, and few different widths occur (each costs an engine memory).
_WIDTH_STEP: Final = 32
_STEPS: Final = 16
#: The widest that is prepared for at start: lines 13 times as wide as high.
_USUAL_WIDTH: Final = 640
#: Lines more than 170 times as wide as high are squeezed to this. PaddleOCR has no limit, so that one
#: image of 1 × 100 000 pixels, which passes any check of size, would take all memory.
MAX_WIDTH: Final = 8192


@dataclass(frozen=True)
class Plan:
    """One batch to be: the indices of its lines, and the width that they are padded to."""

    lines: tuple[int, ...]
    width: int


def parity_plans(lines: Sequence[Image], *, height: int, min_width: int, batch_num: int) -> Iterator[Plan]:
    """Yield PaddleOCR's batches for the lines of one page.

    Args:
        lines: uint8 (h, w, 3).
        height: of ``rec_image_shape``, in pixels.
        min_width: of the same.
        batch_num: ``rec_batch_num``.
    """
    ratios = np.array([line.shape[1] / line.shape[0] for line in lines])
    order = np.argsort(ratios, kind="stable")
    for start in range(0, len(lines), batch_num):
        batch = order[start : start + batch_num]
        widest = max(min_width / height, *ratios[batch].tolist())
        yield Plan(tuple(batch.tolist()), min(int(height * widest), MAX_WIDTH))


def fast_plans(lines: Sequence[Image], *, height: int) -> Iterator[Plan]:
    """Yield one batch for each line, at about its own width."""
    for index, line in enumerate(lines):
        yield Plan((index,), rounded_width(scaled_width(line, height)))


def line_batch(lines: Sequence[Image], height: int, width: int) -> Batch:
    """Scale lines to a height and pad them on the right to one width.

    Args:
        lines: uint8 (h, w, 3), BGR.
        height: pixels of the model's input.
        width: the same; a line that is wider after scaling is squeezed to it.

    Returns:
        uint8 (n, height, width, 3), BGR, and the width of each line in it.
    """
    pixels = np.zeros((len(lines), height, width, 3), np.uint8)
    widths = tuple(min(scaled_width(line, height), width) for line in lines)
    for line, valid, target in zip(lines, widths, pixels, strict=True):
        target[:, :valid] = cv2.resize(line, (valid, height))
    return Batch(pixels, widths)


def scaled_width(image: Image, height: int) -> int:
    """Return the width of an image scaled to a height, rounded up; not yet limited."""
    ratio: float = image.shape[1] / image.shape[0]
    return math.ceil(height * ratio)


def usual_widths() -> list[int]:
    """Return fast mode's widths, up to lines of some twenty-five characters."""
    return sorted({rounded_width(width) for width in range(_WIDTH_STEP, _USUAL_WIDTH + 1, _WIDTH_STEP)})


def rounded_width(width: int) -> int:
    """Round a width up: by 32 up to 512, by 64 up to 1024, by 128 up to 2048, …"""
    width = min(width, MAX_WIDTH)
    step = _WIDTH_STEP
    while width > step * _STEPS:
        step *= 2
    return -(-width // step) * step
