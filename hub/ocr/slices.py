"""Long pictures for the detector: cut into parts that overlap, and what it finds in them put together.

Scaled to a detector's limit as one, a screenshot of 800 × 9 000 pixels has letters of two pixels. Each part
is scaled as a picture of its own instead. The parts' maps are joined before boxes are looked for, so a line
that runs through several parts is one box, and none is found twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from hub.ocr.geometry import Image

#: The part of a part that the next one sees again: text is not judged by half of it.
_OVERLAP: Final = 0.25
#: The longest joined map, in pixels; longer pictures are scaled down to it. JPEG has no longer pictures.
LONGEST_MAP: Final = 65_536

Map = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Slices:
    """Parts of a picture along its longer side, all of one size.

    Attributes:
        upright: the longer side is the height.
        length: of the picture along that side, in pixels.
        part: of a part, the same.
        input_size: height and width of the detector's input for a part.
        total: length of the joined map.
    """

    upright: bool
    length: int
    part: int
    input_size: tuple[int, int]
    total: int

    @property
    def starts(self) -> list[int]:
        """Where parts begin in the joined map, evenly apart."""
        size = self._size
        count = max(2, -(-(self.total - size) // round(size * (1 - _OVERLAP))) + 1)
        return [round(i * (self.total - size) / (count - 1)) for i in range(count)]

    @property
    def _size(self) -> int:
        return self.input_size[0 if self.upright else 1]

    def cut(self, image: Image) -> Iterable[Image]:
        """Yield the detector's input for each part: uint8 (h, w, 3)."""
        scale = self.length / self.total
        for start in self.starts:
            first = min(round(start * scale), self.length - self.part)
            part = image[first : first + self.part] if self.upright else image[:, first : first + self.part]
            yield cv2.resize(part, self.input_size[::-1])

    def join(self, maps: Iterable[Map]) -> Bytes:
        """Join the parts' maps at the middle of what two of them see: uint8, 255 for 1.0."""
        starts, size = self.starts, self._size
        seams = [0, *((one + size + other) // 2 for one, other in pairwise(starts))]
        ends = [*seams[1:], self.total]
        height, width = self.input_size
        joined = np.empty((self.total, width) if self.upright else (height, self.total), np.uint8)
        for start, seam, end, part in zip(starts, seams, ends, maps, strict=True):
            inner = slice(seam - start, end - start)
            kept = part[inner] if self.upright else part[:, inner]
            target = joined[seam:end] if self.upright else joined[:, seam:end]
            np.rint(kept * 255, out=target, casting="unsafe")
        return joined
