"""RGB to the scaled CIE Lab of colouring networks, and back (sRGB, D65; lightness and a/b around 0)."""

from __future__ import annotations

import numpy as np

from hub.compat.paddlehub_api.images import Image

_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_FROM_XYZ = np.linalg.inv(_TO_XYZ)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_EPSILON, _KAPPA = 0.008856, 7.787


class RGB2LAB:
    """(h, w, 3) RGB of 0…255 to (h, w, 3): (L - 50) / 100, a / 110, b / 110."""

    def __call__(self, img: Image) -> Image:
        rgb = np.asarray(img, np.float64) / 255
        linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
        scaled = linear @ _TO_XYZ.T / _WHITE
        curved = np.where(scaled > _EPSILON, np.cbrt(scaled), _KAPPA * scaled + 16 / 116)
        x, y, z = np.moveaxis(curved, -1, 0)
        lightness = 116 * y - 16
        return np.stack([(lightness - 50) / 100, 500 * (x - y) / 110, 200 * (y - z) / 110], axis=-1)


class LAB2RGB:
    """(n, 3, h, w) of the scaled Lab to (n, 3, h, w) RGB of about 0…1 (not clipped above)."""

    def __init__(self, mode: str = "RGB2LAB") -> None:
        self.mode = mode

    def __call__(self, img: Image) -> Image:
        lab = np.moveaxis(np.asarray(img, np.float64), 1, -1)
        y = (lab[..., 0] * 100 + 50 + 16) / 116
        x = y + lab[..., 1] * 110 / 500
        z = np.maximum(y - lab[..., 2] * 110 / 200, 0)
        curved = np.stack([x, y, z], axis=-1)
        scaled = np.where(curved > 0.2068966, curved**3, (curved - 16 / 116) / _KAPPA)
        linear = np.maximum(scaled * _WHITE @ _FROM_XYZ.T, 0)
        rgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
        return np.moveaxis(rgb, -1, 1)
