"""PaddleHub's ``vision.transforms``: steps from an image to what a network takes. Images are (h, w, c)."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, NoReturn

import cv2

from hub.compat.paddlehub_api import images
from hub.compat.paddlehub_api.images import Image

Step = Callable[[Image], Image]
Size = int | Sequence[int]

_GREY = (127.5, 127.5, 127.5)


class Compose:
    """One step after the other; the result is (c, h, w). ``to_rgb`` turns BGR to RGB first."""

    def __init__(self, transforms: list[Step], to_rgb: bool = False) -> None:
        self.transforms = checked_steps(transforms)
        self.to_rgb = to_rgb

    def __call__(self, im: str | Image) -> Image:
        image = images.read(im).astype("float32") if isinstance(im, str) else im
        if image is None:
            raise ValueError("there is no image")
        if self.to_rgb:
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        for step in self.transforms:
            image = step(image)
        return images.permute(image)


def checked_steps(transforms: Any) -> list[Any]:
    if not isinstance(transforms, list):
        raise TypeError(f"transforms must be a list, not {type(transforms).__name__}")
    if not transforms:
        raise ValueError("transforms must hold at least one step")
    return transforms


def checked_size(size: Any) -> Any:
    if isinstance(size, (list, tuple)):
        if len(size) != 2:
            raise ValueError(f"a size is (width, height), not {size!r}")
    elif not isinstance(size, int):
        raise TypeError(f"a size is a whole number or (width, height), not {type(size).__name__}")
    return size


def pair(size: Size) -> tuple[int, int]:
    """(width, height) of a size."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


class Interpolation:
    """OpenCV's interpolations by PaddleHub's words; RANDOM is another one at every call."""

    interpolation_dict: ClassVar[dict[str, int]] = {
        "NEAREST": cv2.INTER_NEAREST,
        "LINEAR": cv2.INTER_LINEAR,
        "CUBIC": cv2.INTER_CUBIC,
        "AREA": cv2.INTER_AREA,
        "LANCZOS4": cv2.INTER_LANCZOS4,
    }

    @classmethod
    def check(cls, name: str) -> str:
        if name != "RANDOM" and name not in cls.interpolation_dict:
            allowed = ", ".join([*cls.interpolation_dict, "RANDOM"])
            raise ValueError(f"interpolation {name!r} is not one of {allowed}")
        return name

    @classmethod
    def flag(cls, name: str) -> int:
        if name == "RANDOM":
            return random.choice(list(cls.interpolation_dict.values()))
        return cls.interpolation_dict[name]


class Resize(Interpolation):
    """To (width, height), or to a square."""

    def __init__(self, target_size: Size, interpolation: str = "LINEAR") -> None:
        self.target_size = checked_size(target_size)
        self.interpolation = self.check(interpolation)

    def __call__(self, im: Image) -> Image:
        return images.resize(im, self.target_size, self.flag(self.interpolation))


class ResizeByLong:
    """The longer side to ``long_size``."""

    def __init__(self, long_size: int) -> None:
        self.long_size = long_size

    def __call__(self, im: Image) -> Image:
        return images.resize_long(im, self.long_size)


class Normalize:
    """``(im / 255 - mean) / std``."""

    def __init__(self, mean: Sequence[float] = (0.5,) * 3, std: Sequence[float] = (0.5,) * 3) -> None:
        if not isinstance(mean, (list, tuple)) or not isinstance(std, (list, tuple)):
            raise ValueError("mean and std are lists, one number per channel")
        if not all(std):
            raise ValueError(f"std must not hold 0: {std}")
        self.mean, self.std = mean, std

    def __call__(self, im: Image) -> Image:
        return images.normalize(im, self.mean, self.std)


class Padding:
    """To (width, height) by a border at the right and the bottom."""

    def __init__(self, target_size: Size, im_padding_value: Sequence[float] = _GREY) -> None:
        self.target_size = checked_size(target_size)
        self.im_padding_value = im_padding_value

    def __call__(self, im: Image) -> Image:
        return padded(im, pair(self.target_size), self.im_padding_value)


def padded(im: Image, target: tuple[int, int], value: Any) -> Image:
    height, width = im.shape[:2]
    below, right = target[1] - height, target[0] - width
    if below < 0 or right < 0:
        raise ValueError(f"an image of {width}×{height} cannot be padded to {target[0]}×{target[1]}")
    result: Image = cv2.copyMakeBorder(im, 0, below, 0, right, cv2.BORDER_CONSTANT, value=value)
    return result


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
