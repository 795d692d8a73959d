"""PaddleHub's ``vision.segmentation_transforms``, whose steps return tuples, and masks in colours.

In PaddleHub every step also takes the label of its image, for training. There are no labels here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from hub.compat.paddlehub_api import transforms as plain
from hub.compat.paddlehub_api.images import Image


class Compose(plain.Compose):
    """One step after the other; returns the image as (c, h, w), and None in the place of its label."""

    def __init__(self, transforms: list[Callable[..., Any]], to_rgb: bool = True) -> None:
        super().__init__(transforms, to_rgb)

    def __call__(self, im: str | Image) -> tuple[Image, None]:
        return super().__call__(im), None

    def apply(self, step: Callable[..., Any], image: Image) -> Image:
        """Return the image that a step makes; steps of a module's own take a label as well."""
        result: Image = step(image, None)[0]
        return result


class _Step:
    """Before a plain step: takes a label as well, and returns a tuple."""

    def __call__(self, im: Image, label: None = None) -> tuple[Image]:
        plain_step: Any = super()
        return (plain_step.__call__(im),)


class Padding(_Step, plain.Padding):
    """To (width, height) by a border at the right and the bottom."""

    def __init__(
        self,
        target_size: Sequence[int],
        im_padding_value: Sequence[float] = (128, 128, 128),
        label_padding_value: int = 255,
    ) -> None:
        super().__init__(target_size, im_padding_value)


class Normalize(_Step, plain.Normalize):
    """``(im / 255 - mean) / std``."""


class Resize(_Step, plain.Resize):
    """To (width, height)."""

    def __init__(self, target_size: Sequence[int] = (512, 512), interp: str = "LINEAR") -> None:
        super().__init__(target_size, interp)


class ColorMap:
    """A colour per class, by the bits of its number, as in PASCAL VOC; class 0 is not black."""

    def __init__(self, num_classes: int = 256) -> None:
        self.num_classes = num_classes

    def __call__(self) -> list[list[int]]:
        classes = np.arange(1, self.num_classes + 1)
        colours = np.zeros((self.num_classes, 3), np.int64)
        for bit in range(8):
            for channel in range(3):
                colours[:, channel] |= ((classes >> (3 * bit + channel)) & 1) << (7 - bit)
        found: list[list[int]] = colours.tolist()
        return found


def palette_image(mask: Image) -> Any:
    """Return a mask of class numbers as a Pillow image with a palette."""
    from PIL import Image as pillow

    picture = pillow.fromarray(mask.astype(np.uint8)).convert("P")
    picture.putpalette([value for colour in ColorMap()() for value in colour])
    return picture


def overlay(image: Image, mask: Image, weight: float = 0.6) -> Image:
    """Draw a mask in colours over a BGR image."""
    colours = np.array(ColorMap()(), np.uint8)[:, ::-1]
    drawn: Image = cv2.addWeighted(image, weight, np.ascontiguousarray(colours[mask]), 1 - weight, 0)
    return drawn


def restored(mask: Image, shape: tuple[int, int], steps: Sequence[Any]) -> Image:
    """Lay a mask of what the steps made of an image back on the image of ``shape`` (height, width)."""
    undone: list[tuple[str, tuple[int, int]]] = []
    height, width = shape
    for step in steps:
        kind = type(step).__name__
        if kind in ("Resize", "Padding"):
            undone.append((kind, (height, width)))
            width, height = plain.pair(step.target_size)
    for kind, (height, width) in reversed(undone):
        if kind == "Resize":
            mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
        else:
            mask = mask[:height, :width]
    return mask
