"""Pictures of text for the tests of the OCR rules."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from hub.ocr.font import FONT_WEIGHTS_NAME, cjk_font
from hub.ocr.geometry import Image
from hub.registry.weights import fetch


def drawn(width: int, height: int, texts: Iterable[tuple[float, float, int, str]]) -> Image:
    """Black on white: texts at (x, y) of their top left corner, with a size in pixels."""
    fallback = fetch((FONT_WEIGHTS_NAME,))[FONT_WEIGHTS_NAME]
    sheet = Pillow.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    for x, y, size, text in texts:
        draw.text((x, y), text, fill="black", font=cjk_font(size, fallback))
    return np.asarray(sheet)


def tilted(image: Image, degrees: float) -> Image:
    """Turn a picture clockwise about its centre, on white."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    turned: Image = cv2.warpAffine(image, matrix, (width, height), borderValue=(255, 255, 255))
    return turned
