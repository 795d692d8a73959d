"""ImageNet's usual preparation: what a classifier without transforms gets to see."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from hub.compat.paddlehub_api.imagenet import prepared

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("size", [(256, 256), (300, 400), (1000, 100), (7, 5)])
def test_any_image_becomes_224_times_224_in_rgb(size: tuple[int, int]) -> None:
    found = prepared(np.full((*size, 3), (0, 0, 255), np.uint8))
    assert found.shape == (3, 224, 224) and found.dtype == np.float32
    assert np.allclose(
        found.mean(axis=(1, 2)), [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225], atol=1e-4
    )


def test_the_centre_is_cut_out_after_the_shorter_side_is_256() -> None:
    image = np.zeros((512, 1024, 3), np.uint8)
    image[32:-32, 288:-288] = 255
    assert prepared(image).min() > 2.2
    image[40:-40, 300:-300] = 0
    assert prepared(image)[:, 112, 112].max() < -1.7


def test_a_path_is_read(tmp_path: Path) -> None:
    image = np.full((256, 256, 3), 7, np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    assert np.array_equal(prepared(str(tmp_path / "a.png")), prepared(image))
