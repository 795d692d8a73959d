"""Images of a request, by their headers: nothing is decoded."""

from __future__ import annotations

from hub.errors import PayloadTooLargeError
from hub.image_header import image_size
from hub.serving.gateway.admission import RequestLimits


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
