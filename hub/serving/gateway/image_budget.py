"""Images of a request, by their headers: nothing is decoded."""

from __future__ import annotations

import string
from typing import Any, Final

import pybase64

from hub.errors import InvalidInputError, PayloadTooLargeError
from hub.image_header import image_size
from hub.serving.gateway.admission import RequestLimits

_BLANKS: Final = string.whitespace.encode()


def decode_base64(text: Any, where: str) -> bytes:
    """Decode base64 text; data-URI prefix, url-safe alphabet and line breaks are accepted.

    Raises:
        InvalidInputError: no text, empty, or not base64; ``where`` says which image it is.
    """
    if not isinstance(text, str):
        raise InvalidInputError(f"{where} must be base64 text, not {type(text).__name__}")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    if "-" in text or "_" in text:
        text = text.replace("-", "+").replace("_", "/")
    try:
        data = pybase64.b64decode(text, validate=True)  # tens of times faster than binascii
    except ValueError:
        try:
            data = pybase64.b64decode(text.encode("ascii").translate(None, _BLANKS), validate=True)
        except ValueError as error:
            raise InvalidInputError(f"{where} is not base64: {error}") from error
    if not data:
        raise InvalidInputError(f"{where} is empty")
    return data


class ImageBudget:
    """Counts a request's images and pixels against the limits, from their headers."""

    def __init__(self, limits: RequestLimits) -> None:
        self.limits = limits
        self._images = 0
        self._pixels = 0

    def spend(self, data: bytes, where: str) -> None:
        """Count an image; bytes of unknown size have no pixels here, the runner counts what it decodes."""
        limit = self.limits.max_pixels
        self._images += 1
        if self._images > self.limits.max_images:
            raise PayloadTooLargeError(
                f"more than {self.limits.max_images} images in one request (max_images)"
            )
        width, height = image_size(data) or (0, 0)
        if width * height > limit:
            raise PayloadTooLargeError(
                f"{where} has {width} × {height} pixels; at most {limit} are allowed (max_pixels)"
            )
        self._pixels += width * height
        if self._pixels > self.limits.max_total_pixels:
            raise PayloadTooLargeError(
                f"the images together have more than {self.limits.max_total_pixels} pixels (max_total_pixels)"
            )
