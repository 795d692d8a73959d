"""PaddleHub's ``vision.transforms``: steps from an image to what a network takes. Images are (h, w, c)."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, NoReturn

import cv2
import numpy as np

from hub.compat.paddlehub_api.images import Image, read

Size = int | Sequence[int]


class Compose:
    """One step after the other; the result is (c, h, w). ``to_rgb`` turns BGR to RGB first."""

    def __init__(self, transforms: list[Callable[..., Any]], to_rgb: bool = False) -> None:
        if not isinstance(transforms, list):
            raise TypeError(f"transforms must be a list, not {type(transforms).__name__}")
        if not transforms:
            raise ValueError("transforms must hold at least one step")
        self.transforms = transforms
        self.to_rgb = to_rgb

    def __call__(self, im: str | Image) -> Any:
        image = read(im).astype("float32") if isinstance(im, str) else im
        if image is None:
            raise ValueError("there is no image")
        if self.to_rgb:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        for step in self.transforms:
            image = self.apply(step, image)
        return np.transpose(image, (2, 0, 1))

    def apply(self, step: Callable[..., Any], image: Image) -> Image:
        """Return what a step makes of the image."""
        result: Image = step(image)
        return result


def pair(size: Size) -> tuple[int, int]:
    """Return (width, height) of a size, which may be one number for both."""
    if isinstance(size, int):
        return size, size
    if not isinstance(size, (list, tuple)):
        raise TypeError(f"a size is a whole number or (width, height), not {type(size).__name__}")
    if len(size) != 2:
        raise ValueError(f"a size is (width, height), not {size!r}")
    return int(size[0]), int(size[1])


class Resize:
    """To (width, height), or to a square. RANDOM is another of OpenCV's interpolations at every call."""

    interpolation_dict: ClassVar[dict[str, int]] = {
        "NEAREST": cv2.INTER_NEAREST,
        "LINEAR": cv2.INTER_LINEAR,
        "CUBIC": cv2.INTER_CUBIC,
        "AREA": cv2.INTER_AREA,
        "LANCZOS4": cv2.INTER_LANCZOS4,
    }

    def __init__(self, target_size: Size, interpolation: str = "LINEAR") -> None:
        pair(target_size)
        if interpolation != "RANDOM" and interpolation not in self.interpolation_dict:
            allowed = ", ".join([*self.interpolation_dict, "RANDOM"])
            raise ValueError(f"interpolation {interpolation!r} is not one of {allowed}")
        self.target_size = target_size
        self.interpolation = interpolation

    def __call__(self, im: Image) -> Any:
        name = self.interpolation
        if name == "RANDOM":
            name = random.choice(list(self.interpolation_dict))
        return cv2.resize(im, pair(self.target_size), interpolation=self.interpolation_dict[name])


class ResizeByLong:
    """The longer side to ``long_size``, the shape kept."""

    def __init__(self, long_size: int) -> None:
        self.long_size = long_size

    def __call__(self, im: Image) -> Image:
        height, width = im.shape[:2]
        scale = self.long_size / max(height, width)
        result: Image = cv2.resize(im, (round(width * scale), round(height * scale)))
        return result


class Normalize:
    """``(im / 255 - mean) / std`` as float32, per channel."""

    def __init__(self, mean: Sequence[float] = (0.5,) * 3, std: Sequence[float] = (0.5,) * 3) -> None:
        if not isinstance(mean, (list, tuple)) or not isinstance(std, (list, tuple)):
            raise ValueError("mean and std are lists, one number per channel")
        if not all(std):
            raise ValueError(f"std must not hold 0: {std}")
        self.mean, self.std = mean, std

    def __call__(self, im: Image) -> Any:
        mean, std = np.asarray(self.mean, np.float64), np.asarray(self.std, np.float64)
        result = im.astype(np.float32)
        result *= (1.0 / (255.0 * std)).astype(np.float32)
        result -= (mean / std).astype(np.float32)
        return result


class Padding:
    """To (width, height) by a border at the right and the bottom."""

    def __init__(self, target_size: Size, im_padding_value: Sequence[float] = (127.5, 127.5, 127.5)) -> None:
        pair(target_size)
        self.target_size = target_size
        self.im_padding_value = im_padding_value

    def __call__(self, im: Image) -> Any:
        (width, height), (own_height, own_width) = pair(self.target_size), im.shape[:2]
        below, right = height - own_height, width - own_width
        if below < 0 or right < 0:
            raise ValueError(f"an image of {own_width}×{own_height} cannot be padded to {width}×{height}")
        border: Any = self.im_padding_value
        return cv2.copyMakeBorder(im, 0, below, 0, right, cv2.BORDER_CONSTANT, value=border)


class CenterCrop:
    """The square in the middle."""

    def __init__(self, crop_size: int) -> None:
        self.crop_size = crop_size

    def __call__(self, img: Image) -> Image:
        top, left = (int((side - self.crop_size) / 2) for side in img.shape[:2])
        return img[top : top + self.crop_size, left : left + self.crop_size]


#: Steps of training that change an image at random. They can be imported and built, not run.
_TRAINING_STEPS: Final = frozenset(
    f"Random{name}"
    for name in ("Blur", "Distort", "HorizontalFlip", "PaddingCrop", "Rotation", "VerticalFlip")
) | {"ResizeRangeScaling", "ResizeStepScaling"}


class _TrainingStep:
    """A step that a module may name beside those that it serves with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __call__(self, *args: Any) -> NoReturn:
        raise NotImplementedError(
            f"transforms.{type(self).__name__} changes images at random, for training. HubServing "
            "serves modules and does not train them"
        )


@functools.cache
def __getattr__(name: str) -> type[_TrainingStep]:
    if name in _TRAINING_STEPS:
        return type(name, (_TrainingStep,), {})
    raise AttributeError(name)
