"""From ``uint8`` images to the ``float32`` that graphs take, for engines that cannot do it inside."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from hub.engines.base import Array, Batch, Normalize

Floats = npt.NDArray[np.float32]


@lru_cache(maxsize=16)
def _table(normalize: Normalize) -> Floats:
    """Return the value of each of the 256 pixel values per channel: float32 (1, 256, 3).

    PaddleOCR computes in float32 and multiplies by float32(1/255); looked up, the same numbers cost
    half the time.
    """
    mean, std = np.array(normalize.mean, np.float32), np.array(normalize.std, np.float32)
    pixels = np.arange(256, dtype=np.float32)[:, None] * np.float32(1 / 255)
    return np.ascontiguousarray((pixels - mean) / std, np.float32)[None]


def to_planes(batch: Batch, normalize: Normalize) -> Floats:
    """Normalise and pad a batch: float32 (n, 3, height, width), channels in the order of the images (BGR)."""
    count, height, width, channels = batch.images.shape
    planes = np.empty((count, channels, height, width), np.float32)
    for image, target in zip(batch.images, planes, strict=True):
        cv2.split(cv2.LUT(image, _table(normalize)), list(target))
    for index, valid in enumerate(batch.widths or ()):
        planes[index, :, :, valid:] = 0.0
    return planes


def top1(output: Array) -> tuple[Array, Array]:
    """Return argmax (integer) and max (float32) over the last axis."""
    ids = output.argmax(axis=-1)
    scores = np.take_along_axis(output, ids[..., None], axis=-1)[..., 0]
    return ids, scores
