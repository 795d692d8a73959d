"""Images of a request, by their headers: Pillow reads those, and nothing is decoded."""

from __future__ import annotations

import binascii
import io
from typing import Any

import pybase64
from PIL import Image

from hub.errors import InvalidInputError, PayloadTooLargeError
from hub.serving.gateway.admission import RequestLimits

#: Formats that OpenCV decodes and Pillow can size without decoding; the runner refuses anything else.
IMAGE_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF", "PPM", "JPEG2000")
#: All images of a request together may have this many times the pixels of one.
TOTAL_PIXELS_FACTOR = 2

# Our own limit applies, with our own message; Pillow's would warn at half of it.
Image.MAX_IMAGE_PIXELS = None


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
            data = binascii.a2b_base64("".join(text.split()), strict_mode=True)
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
        """Count an image; bytes of unknown size count as an image without pixels."""
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
        if self._pixels > TOTAL_PIXELS_FACTOR * limit:
            raise PayloadTooLargeError(
                f"the images together have more than {TOTAL_PIXELS_FACTOR * limit} pixels"
            )


def image_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) from the header, None where it is not an image or has an unknown format."""
    try:
        with Image.open(io.BytesIO(data), formats=IMAGE_FORMATS) as image:
            return image.size
    except Exception:  # Pillow's parsers raise many kinds on broken headers; the runner decides then
        return None
