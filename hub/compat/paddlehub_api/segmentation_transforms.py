"""PaddleHub's ``vision.segmentation_transforms``: every step takes an image and, in training, its label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hub.compat.paddlehub_api import images
from hub.compat.paddlehub_api import transforms as plain
from hub.compat.paddlehub_api.images import Image

Pair = tuple[Image, ...]


class Compose:
    """One step after the other; returns the image as (c, h, w), and the label or None."""

    def __init__(self, transforms: list[Any], to_rgb: bool = True) -> None:
        self.transforms = plain.checked_steps(transforms)
        self.to_rgb = to_rgb

    def __call__(self, im: str | Image, label: str | Image | None = None) -> tuple[Image, Any]:
        image = images.read(im).astype("float32") if isinstance(im, str) else im
        if image is None:
            raise ValueError("there is no image")
        if isinstance(label, str):
            label = cv2.imread(label, cv2.IMREAD_UNCHANGED)
        if self.to_rgb:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        for step in self.transforms:
            outputs = step(image, label)
            image = outputs[0]
            if len(outputs) == 2:
                label = outputs[1]
        return images.permute(image), label


def _pair(im: Image, label: Image | None) -> Pair:
    return (im,) if label is None else (im, label)


class Padding:
    """To (width, height) by a border at the right and the bottom."""

    def __init__(
        self,
        target_size: Sequence[int],
        im_padding_value: Sequence[float] = (128, 128, 128),
        label_padding_value: int = 255,
    ) -> None:
        self.target_size = plain.checked_size(target_size)
        self.im_padding_value = im_padding_value
        self.label_padding_value = label_padding_value

    def __call__(self, im: Image, label: Image | None = None) -> Pair:
        target = plain.pair(self.target_size)
        if label is not None:
            label = plain.padded(label, target, self.label_padding_value)
        return _pair(plain.padded(im, target, self.im_padding_value), label)


class Normalize(plain.Normalize):
    """``(im / 255 - mean) / std``."""

    def __call__(self, im: Image, label: Image | None = None) -> Pair:  # type: ignore[override]
        return _pair(super().__call__(im), label)


class Resize(plain.Interpolation):
    """To (width, height); labels by their nearest neighbour."""

    def __init__(self, target_size: Sequence[int] = (512, 512), interp: str = "LINEAR") -> None:
        self.target_size = plain.checked_size(target_size)
        self.interp = self.check(interp)

    def __call__(self, im: Image, label: Image | None = None) -> Pair:
        if im.ndim != 3:
            raise ValueError(f"an image is (height, width, channels), not {im.shape}")
        if label is not None:
            label = images.resize(label, self.target_size, cv2.INTER_NEAREST)
        return _pair(images.resize(im, self.target_size, self.flag(self.interp)), label)


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


class SegmentVisual:
    """An image under its mask in colours; saved into ``save_dir`` under the image's name."""

    def __init__(self, weight: float = 0.6) -> None:
        self.weight = weight
        self.get_color_map_list = ColorMap(256)

    def __call__(self, image: str, result: Image, save_dir: str | None) -> Image:
        colours = np.array(self.get_color_map_list(), np.uint8)
        drawn: Image = cv2.addWeighted(images.read(image), self.weight, colours[result], 1 - self.weight, 0)
        if save_dir is not None:
            Path(save_dir).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(Path(save_dir) / Path(image).name), drawn)
        return drawn


def restored(mask: Image, shape: tuple[int, int], steps: Sequence[Any]) -> Image:
    """A mask of what the steps made of an image, back on the image of ``shape`` (height, width)."""
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
