"""The Netpbm pictures that OpenCV reads wrong: another white than 255, and floating numbers (PFM).

It takes 12 of 15 for almost black, swaps the bytes of 12-bit values, and makes PFM's 0 to 1 black.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from hub.errors import InvalidInputError
from hub.pictures import levels
from hub.pictures.levels import Image

_SPACE: Final = rb"(?:\s|#[^\r\n]*+[\r\n])++"
_NUMBER: Final = rb"(\d{1,10})"
_WITH_WHITE: Final = re.compile(rb"P([2356])" + _SPACE + (_NUMBER + _SPACE) * 2 + _NUMBER + rb"\s")
_FLOATING: Final = re.compile(rb"P([Ff])\s+" + (_NUMBER + rb"\s+") * 2 + rb"(-?[\d.]+(?:[eE][-+]?\d+)?)\s")
#: Of these OpenCV has the right values.
_USUAL_WHITES: Final = (255, 65_535)
_TEXT: Final = (b"2", b"3")
_DAMAGED: Final = "it is a Netpbm picture that is damaged or cut off"
_COLOURED: Final = (b"3", b"6", b"F")


def decoded(data: bytes) -> Image | None:
    """Decode a picture as uint8 (height, width, 3), BGR; None for one that OpenCV reads right.

    Raises:
        InvalidInputError: its end is missing.
    """
    if found := _FLOATING.match(data):
        order = "<" if found[4].startswith(b"-") else ">"
        values = _shaped(_numbers(data, f"{order}f4", found.end()), found)
        return levels.eight_bits(values[::-1])  # it is stored from the bottom up
    found = _WITH_WHITE.match(data)
    if found is None:
        return None
    white, is_text = int(found[4]), found[1] in _TEXT
    if not 0 < white <= 65_535 or white in _USUAL_WHITES or (is_text and white < 255):
        return None
    if is_text:
        try:
            numbers: Any = np.fromstring(data[found.end() :].decode("latin-1"), np.int64, sep=" ")
        except ValueError as error:  # another word
            raise InvalidInputError(_DAMAGED) from error
        numbers = np.maximum(numbers, 0)
    else:
        numbers = _numbers(data, ">u2" if white > 255 else "u1", found.end())
    grey = (np.arange(white + 1, dtype=np.uint32) * 255 // white).astype(np.uint8)
    return levels.eight_bits(grey[np.minimum(_shaped(numbers, found), white)])


def _numbers(data: bytes, kind: str, start: int) -> Any:
    """Return all numbers that are there; the last bytes may be half of one."""
    return np.frombuffer(data, kind, (len(data) - start) // np.dtype(kind).itemsize, start)


def _shaped(values: Any, header: re.Match[bytes]) -> Any:
    """Return the values as (height, width), or (height, width, 3) with blue first."""
    width, height = int(header[2]), int(header[3])
    channels = 3 if header[1] in _COLOURED else 1
    if len(values) < width * height * channels:
        raise InvalidInputError(_DAMAGED)
    values = values[: width * height * channels]
    return values.reshape(height, width, 3)[:, :, ::-1] if channels == 3 else values.reshape(height, width)
