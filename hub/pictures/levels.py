"""From what a decoder gives to uint8 (height, width, 3), BGR: transparency, and more than eight bits."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]

#: Rows that are blended at once: 16 bits a value take memory.
_ROWS: Final = 512
#: White first: the usual paper. Grey is for a picture with both light and dark parts at its edges.
_GROUNDS: Final = (255, 0, 128)
#: The part of the edges that may have less contrast than a ground is judged by, in percent.
_LEAST_PERCENT: Final = 10


def blended(rgba: Image) -> Image:
    """Lay a picture with transparency on the ground on which it can be seen.

    Args:
        rgba: uint8 (height, width, 4), RGB and how opaque each pixel is, 0 to 255.

    Returns:
        uint8 (height, width, 3), BGR. Where nothing at all is to be seen, the colours as they are: some
        programs leave the fourth channel empty.
    """
    bgr = np.ascontiguousarray(rgba[:, :, 2::-1])
    alpha = rgba[:, :, 3]
    if alpha.min() == 255 or alpha.max() == 0:
        return bgr
    ground = _ground(bgr, alpha)
    for start in range(0, len(bgr), _ROWS):
        part = slice(start, start + _ROWS)
        share = alpha[part, :, None].astype(np.uint16)
        bgr[part] = (bgr[part] * share + ground * (255 - share) + 127) // 255
    return bgr


def _ground(bgr: Image, alpha: Image) -> np.uint16:
    """Return the grey on which what borders on transparency has most contrast."""
    visible = (alpha > alpha.max() // 2).astype(np.uint8)
    beside_hidden = cv2.dilate(1 - visible, np.ones((3, 3), np.uint8))
    edges = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)[(visible & beside_hidden).astype(bool)].astype(int)
    if not edges.size:
        return np.uint16(_GROUNDS[0])
    return np.uint16(max(_GROUNDS, key=lambda grey: np.percentile(np.abs(edges - grey), _LEAST_PERCENT)))


def eight_bits(values: npt.NDArray[Any]) -> Image:
    """Bring values of any type to BGR of eight bits.

    Args:
        values: (height, width), grey, or (height, width, 3), BGR. Of 16 bits the upper eight are taken, as
            OpenCV does. Of 32-bit whole or floating numbers nobody says where white is: up to 1, up to 255,
            up to 65 535, else wherever the picture's own lightest value is.

    Returns:
        uint8 (height, width, 3).
    """
    if values.dtype == np.uint8:
        grey = values
    elif values.dtype.kind == "u" and values.dtype.itemsize == 2:
        grey = (values >> 8).astype(np.uint8)
    else:
        grey = _scaled(np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0))
    if grey.ndim == 3:
        return np.ascontiguousarray(grey)
    return np.ascontiguousarray(np.broadcast_to(grey[:, :, None], (*grey.shape, 3)))


def _scaled(values: npt.NDArray[np.float32]) -> Image:
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65_535:
        values, high = (values - low) / max(high - low, 1.0), 1.0
    white = next(limit for limit in (1.0, 255.0, 65_535.0) if high <= limit)
    scaled: Image = np.rint(values * (255.0 / white)).astype(np.uint8)
    return scaled
