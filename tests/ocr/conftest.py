"""The real models, fetched once into the configured home, and drawn images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hub.module.loader import create
from hub.ocr.geometry import Image
from hub.registry.weights import fetch

Build = Callable[..., Any]
MODELS = ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", "ch_ppocr_mobile_v2.0_cls")
MODULES = Path(__file__).resolve().parents[2] / "deploy" / "hubserving"
#: The same modules as they were released first, with PP-OCRv4 and its thresholds in params.py.
KEPT = Path(__file__).resolve().parents[1] / "released_modules" / "6590ed7"


@pytest.fixture(scope="session")
def weights(v6: dict[str, Path]) -> dict[str, Path]:
    """Folder of each PP-OCRv4 model; those of the default are there as well."""
    return fetch(MODELS)


@pytest.fixture(scope="session")
def v6() -> dict[str, Path]:
    """Folder of each model of the default, PP-OCRv6 small."""
    return fetch(("PP-OCRv6_small_det", "PP-OCRv6_small_rec"))


@pytest.fixture(scope="session")
def others() -> dict[str, Path]:
    """Folder of each model that is not fetched with a module."""
    sets = ("PP-OCRv6_tiny", "PP-OCRv5_mobile")
    names = [f"{each}_{step}" for each in sets for step in ("det", "rec")]
    return fetch((*names, "ch_ppocr_mobile_v2.0_cls_onnx"))


@pytest.fixture(scope="session")
def build(weights: dict[str, Path]) -> Build:
    """Builds a module of deploy/hubserving once per set of init_args."""
    built: dict[str, Any] = {}

    def get(name: str, **init_args: Any) -> Any:
        key = f"{name} {init_args}"
        if key not in built:
            built[key] = create(MODULES / name, init_args)
        return built[key]

    return get


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
