"""The real models, fetched once into the configured home, and drawn images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from hub.ocr.geometry import Image
from hub.registry.weights import fetch

MODELS = ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", "ch_ppocr_mobile_v2.0_cls")
MODULES = Path(__file__).resolve().parents[2] / "deploy" / "hubserving"


@pytest.fixture(scope="session")
def weights() -> dict[str, Path]:
    """Folder of each PP-OCRv4 model."""
    return fetch(MODELS)


@pytest.fixture(scope="session")
def v6() -> dict[str, Path]:
    """Folder of each PP-OCRv6 model."""
    return fetch(("PP-OCRv6_small_det", "PP-OCRv6_small_rec"))


def draw_line(text: str, *, width: int = 320, height: int = 48) -> Image:
    """A line of black text on white."""
    image = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(image, text, (8, height - 14), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 2, cv2.LINE_AA)
    return image


@pytest.fixture(scope="session")
def page() -> Image:
    """Three lines of one word each."""
    image = np.full((360, 640, 3), 255, np.uint8)
    for row, text in enumerate(("INVOICE", "20261120", "RECEIPT")):
        image[40 + row * 100 : 88 + row * 100, 40:360] = draw_line(text)
    return image
