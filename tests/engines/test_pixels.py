from __future__ import annotations

import numpy as np
import pytest

from hub.engines.base import CENTERED, Batch, Normalize
from hub.engines.pixels import to_planes, top1

pytestmark = pytest.mark.unit

IMAGENET = Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def images(count: int = 2) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 4, 6, 3), dtype=np.uint8)


def test_planes_are_the_formula_channel_by_channel() -> None:
    scaled = images().astype(np.float32) * np.float32(1 / 255)
    expected = (scaled - np.float32(IMAGENET.mean)) / np.float32(IMAGENET.std)
    assert np.array_equal(to_planes(Batch(images()), IMAGENET), expected.transpose(0, 3, 1, 2))


def test_padding_is_zero_after_normalisation() -> None:
    planes = to_planes(Batch(images(), (6, 2)), CENTERED)
    assert (planes[1, :, :, 2:] == 0).all()
    assert planes[0].any() and planes[1, :, :, :2].any()


def test_top1_is_argmax_and_max_of_the_last_axis() -> None:
    ids, scores = top1(np.array([[[0.1, 0.7, 0.2], [0.6, 0.3, 0.1]]], np.float32))
    assert ids.tolist() == [[1, 0]]
    assert scores.tolist() == [pytest.approx([0.7, 0.6])]
