"""Encoded image bytes to the array a module asked for. OpenCV is imported when first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub import missing_library
from hub.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def require_opencv() -> None:
    """Import OpenCV before the first request needs it; raises EngineError, which says what to install."""
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        advice = missing_library.advice(error) or "pip install --force-reinstall opencv-python-headless"
        raise EngineError(f"OpenCV, which decodes images, does not load: {error}; {advice}") from error


def decode(data: bytes | bytearray | memoryview) -> NDArray[np.uint8] | None:
    """Decode as PaddleOCR does (``cv2.IMREAD_COLOR``).

    Returns:
        uint8 array of shape (height, width, 3), BGR, EXIF orientation applied, alpha dropped, 16 bits
        reduced to 8; None for bytes that OpenCV cannot read.
    """
    import cv2
    import numpy as np

    if not len(data):
        return None
    try:
        image: Any = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # more pixels than OPENCV_IO_MAX_IMAGE_PIXELS allows, among others
        return None
    return image  # type: ignore[no-any-return]
