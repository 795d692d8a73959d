"""Images as PaddleHub's modules take them: base64 to BGR arrays and back, and the basic operations on them.

An image is a ``uint8`` or ``float32`` array of shape (height, width, channels).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from hub.errors import InvalidInputError

Image = npt.NDArray[Any]


def base64_to_cv2(b64str: str | bytes) -> Image | None:
    """Decode an encoded image in base64 (also of a data URI) to BGR uint8; None for bytes that are no image.

    Raises:
        InvalidInputError: it is no base64, or empty.
    """
    text = b64str.encode() if isinstance(b64str, str) else b64str
    if text.startswith(b"data:"):
        text = text.partition(b",")[2]
    try:
        data = base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError(f"an image is not base64: {error}") from error
    if not data:
        raise InvalidInputError("an image is empty")
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def cv2_to_base64(image: Image, extension: str = ".jpg") -> str:
    """Encode an image; JPEG, as PaddleHub's modules answer, unless told otherwise."""
    return base64.b64encode(cv2.imencode(extension, image)[1].tobytes()).decode()


def decoded(images: Sequence[str], where: str = "images") -> list[Image]:
    """All of a request's images.

    Raises:
        InvalidInputError: one is no image; PaddleHub left it out, and the results no longer matched.
    """
    found = []
    for number, text in enumerate(images):
        image = base64_to_cv2(text)
        if image is None:
            raise InvalidInputError(f"{where}[{number}] is not a readable image")
        found.append(image)
    return found


def read(image: str | Image) -> Image:
    """An image as given, or read from its path."""
    if not isinstance(image, str):
        return image
    loaded = cv2.imread(image)
    if loaded is None:
        raise ValueError(f"{image} cannot be read as an image")
    result: Image = loaded
    return result


def normalize(im: Image, mean: Any, std: Any) -> Image:
    """``(im / 255 - mean) / std`` as float32, per channel."""
    mean, std = np.asarray(mean, np.float64).reshape(-1), np.asarray(std, np.float64).reshape(-1)
    result: Image = im.astype(np.float32)
    result *= (1.0 / (255.0 * std)).astype(np.float32)
    result -= (mean / std).astype(np.float32)
    return result


def permute(im: Image) -> Image:
    """(height, width, channels) to (channels, height, width)."""
    return np.transpose(im, (2, 0, 1))


def resize(im: Image, target_size: int | Sequence[int], interpolation: int = cv2.INTER_LINEAR) -> Image:
    """To (width, height), or to a square."""
    width, height = (target_size, target_size) if isinstance(target_size, int) else target_size[:2]
    result: Image = cv2.resize(im, (int(width), int(height)), interpolation=interpolation)
    return result


def resize_long(im: Image, long_size: int, interpolation: int = cv2.INTER_LINEAR) -> Image:
    """The longer side to ``long_size``, the shape kept."""
    height, width = im.shape[:2]
    scale = long_size / max(height, width)
    return resize(im, (round(width * scale), round(height * scale)), interpolation)


def horizontal_flip(im: Image) -> Image:
    return im[:, ::-1]


def vertical_flip(im: Image) -> Image:
    return im[::-1]
