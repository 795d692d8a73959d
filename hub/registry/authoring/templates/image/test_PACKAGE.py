"""Run with: python -m pytest PACKAGE"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hub


def test_it_says_how_bright_images_are() -> None:
    white = np.full((4, 4, 3), 255, np.uint8)
    module = hub.Module(directory=Path(__file__).parent)
    assert module.predict(images=[white, white // 5, None]) == [1.0, 0.2, None]


def test_it_refuses_more_digits_than_it_has() -> None:
    with pytest.raises(hub.HubError, match="`digits` must be int from 0 up to 6, not the number 9"):
        hub.Module(directory=Path(__file__).parent).predict(images=[], digits=9)
