"""PaddleHub's ``vision.transforms``: steps from an image to what a network takes. Images are (h, w, c)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import cv2
import numpy as np

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


class ResizeRangeScaling:
    """The longer side to a random size of a range."""

    def __init__(self, min_value: int = 400, max_value: int = 600) -> None:
        if min_value > max_value:
            raise ValueError(f"min_value {min_value} is above max_value {max_value}")
        self.min_value, self.max_value = min_value, max_value

    def __call__(self, im: Image) -> Image:
        return images.resize_long(im, round(np.random.uniform(self.min_value, self.max_value)))


class ResizeStepScaling:
    """By a random factor out of evenly spaced ones."""

    def __init__(
        self, min_scale_factor: float = 0.75, max_scale_factor: float = 1.25, scale_step_size: float = 0.25
    ) -> None:
        if min_scale_factor > max_scale_factor:
            raise ValueError(f"min_scale_factor {min_scale_factor} is above max {max_scale_factor}")
        self.min_scale_factor, self.max_scale_factor = min_scale_factor, max_scale_factor
        self.scale_step_size = scale_step_size

    def __call__(self, im: Image) -> Image:
        low, high = self.min_scale_factor, self.max_scale_factor
        if self.scale_step_size == 0:
            factor = np.random.uniform(low, high)
        else:
            factor = np.random.choice(np.linspace(low, high, int((high - low) / self.scale_step_size + 1)))
        height, width = im.shape[:2]
        return images.resize(im, (round(width * factor), round(height * factor)))


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


class RandomPaddingCrop:
    """A random cut of (width, height), from an image padded where it is smaller."""

    def __init__(self, crop_size: Size, im_padding_value: Sequence[float] = _GREY) -> None:
        self.crop_size = checked_size(crop_size)
        self.im_padding_value = im_padding_value

    def __call__(self, im: Image) -> Image:
        width, height = pair(self.crop_size)
        im = padded(im, (max(width, im.shape[1]), max(height, im.shape[0])), self.im_padding_value)
        top, left = np.random.randint(im.shape[0] - height + 1), np.random.randint(im.shape[1] - width + 1)
        return im[top : top + height, left : left + width]


class RandomHorizontalFlip:
    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    def __call__(self, im: Image) -> Image:
        return images.horizontal_flip(im) if random.random() < self.prob else im


class RandomVerticalFlip:
    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    def __call__(self, im: Image) -> Image:
        return images.vertical_flip(im) if random.random() < self.prob else im


class RandomBlur:
    def __init__(self, prob: float = 0.1) -> None:
        self.prob = prob

    def __call__(self, im: Image) -> Image:
        if random.random() >= self.prob:
            return im
        size = random.choice((3, 5, 7, 9))
        result: Image = cv2.GaussianBlur(im, (size, size), 0)
        return result


class RandomRotation:
    """By up to ``max_rotation`` degrees either way, grown so that nothing is cut off."""

    def __init__(self, max_rotation: float = 15, im_padding_value: Sequence[float] = _GREY) -> None:
        self.max_rotation = max_rotation
        self.im_padding_value = im_padding_value

    def __call__(self, im: Image) -> Image:
        height, width = im.shape[:2]
        angle = np.random.uniform(-self.max_rotation, self.max_rotation)
        matrix = cv2.getRotationMatrix2D((width // 2, height // 2), angle, 1.0)
        cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
        grown = int(height * sine + width * cosine), int(height * cosine + width * sine)
        matrix[:, 2] += grown[0] / 2 - width // 2, grown[1] / 2 - height // 2
        result: Image = cv2.warpAffine(
            im, matrix, grown, borderMode=cv2.BORDER_CONSTANT, borderValue=tuple(self.im_padding_value)
        )
        return result


class RandomDistort:
    """Brightness, contrast, saturation (factors around 1) and hue (of 256), each with its own probability."""

    def __init__(
        self,
        brightness_range: float = 0.5,
        brightness_prob: float = 0.5,
        contrast_range: float = 0.5,
        contrast_prob: float = 0.5,
        saturation_range: float = 0.5,
        saturation_prob: float = 0.5,
        hue_range: float = 18,
        hue_prob: float = 0.5,
    ) -> None:
        self._steps: list[tuple[Callable[[Image, float], Image], float, float]] = [
            (lambda im, change: im * (1 + change), brightness_range, brightness_prob),
            (lambda im, change: im.mean() + (im - im.mean()) * (1 + change), contrast_range, contrast_prob),
            (_saturated, saturation_range, saturation_prob),
            (_turned, hue_range, hue_prob),
        ]

    def __call__(self, im: Image) -> Image:
        image = im.astype(np.float32)
        for step, most, probability in random.sample(self._steps, len(self._steps)):
            if random.random() < probability:
                image = np.clip(step(image, np.random.uniform(-most, most)), 0, 255).astype(np.float32)
        return image


def _saturated(im: Image, change: float) -> Image:
    grey = im @ np.array([0.299, 0.587, 0.114], np.float32)
    result: Image = grey[..., None] + (im - grey[..., None]) * (1 + change)
    return result


def _turned(im: Image, change: float) -> Image:
    hsv = cv2.cvtColor(im.astype(np.uint8), cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] = ((hsv[..., 0].astype(np.int32) + int(change)) % 256).astype(np.uint8)
    result: Image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL).astype(np.float32)
    return result
