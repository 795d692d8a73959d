"""ImageNet's usual preparation of an image, for classifiers that bring none of their own."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from hub.compat.paddlehub_api.images import Image, read
from hub.compat.paddlehub_api.transforms import CenterCrop, Compose, Normalize

_SHORTER_SIDE: Final = 256
_CROP: Final = 224
_MEAN: Final = (0.485, 0.456, 0.406)
_STD: Final = (0.229, 0.224, 0.225)
#: A description for the log.
DESCRIPTION: Final = (
    f"shorter side {_SHORTER_SIDE}, centre {_CROP}×{_CROP}, RGB, mean {_MEAN} and deviation {_STD}"
)


def _resized(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = _SHORTER_SIDE / min(height, width)
    result: Image = cv2.resize(image, (round(width * scale), round(height * scale)))
    return result


_STEPS: Final = Compose([_resized, CenterCrop(_CROP), Normalize(_MEAN, _STD)], to_rgb=True)


def prepared(image: str | Image) -> Image:
    """Return what a network takes of an image (a path, or BGR of 0…255): float32 (3, 224, 224), RGB."""
    result: Image = np.ascontiguousarray(_STEPS(read(image)))
    return result
