"""Turns what a caller may hand over as an image into an array.

Arrays are uint8 (height, width, 3) in BGR order, upright, as ``hub.pictures`` reads them; None stands for
bytes that are not an image.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from hub import base64_text
from hub.errors import InvalidInputError
from hub.given_images import listed
from hub.pictures.decode import decoded
from hub.pictures.levels import Image

log = logging.getLogger(__name__)
T = TypeVar("T")


def as_image(item: Any) -> Image | None:
    """Turn one item of a request into an array.

    Args:
        item: an array (used as it is), the bytes of an image file, their base64 as a string (what
            PaddleOCR's clients send), or None.

    Raises:
        InvalidInputError: not base64, no bytes at all, an array of another shape or dtype, or
            something of another type.
    """
    if item is None:
        return None
    if isinstance(item, np.ndarray):
        if item.dtype != np.uint8 or item.ndim != 3 or item.shape[2] != 3 or item.size == 0:
            raise InvalidInputError(
                f"an image array must be uint8 (height, width, 3) in BGR, not {item.dtype} {item.shape}"
            )
        return item
    if isinstance(item, str):
        item = from_base64(item)
    if not isinstance(item, (bytes, bytearray, memoryview)):
        raise InvalidInputError(f"an image is an array, bytes or a base64 string, not {type(item).__name__}")
    if len(item) == 0:
        raise InvalidInputError("an image is empty: it has no bytes")
    try:
        return decoded(item)
    except InvalidInputError as error:
        log.warning("an image is not readable: %s", error)
        return None


def from_base64(text: str) -> bytes:
    """Decode base64 in any of the spellings that people send; raises InvalidInputError."""
    return base64_text.decode(text, "an image")


def read_images(paths: Sequence[str]) -> list[Image]:
    """Read image files; one that cannot be decoded is left out with a warning.

    Raises:
        InvalidInputError: a path is not a file.
    """
    images = []
    for path in paths:
        if not Path(path).is_file():
            raise InvalidInputError(f"The {path} isn't a valid file.")
        try:
            images.append(decoded(Path(path).read_bytes()))
        except InvalidInputError as error:
            log.warning("error in loading image: %s: %s", path, error)
    return images


def chosen_images(
    images: Sequence[Any], paths: Sequence[str], read: Callable[[Sequence[str]], list[Image]] = read_images
) -> list[Image | None]:
    """Return the images of ``predict(images=…, paths=…)``: one of the two must be given, not both.

    Raises:
        InvalidInputError: neither or both, or no readable image; the messages are PaddleOCR's.
    """
    images, paths = listed(images), listed(paths)
    return either(images, paths, lambda: [as_image(item) for item in images], lambda: list(read(paths)))


def either(
    images: Sequence[Any],
    paths: Sequence[str],
    of_images: Callable[[], list[T]],
    of_paths: Callable[[], list[T]],
) -> list[T]:
    """Return what the one of the two that was given holds, by its function.

    Raises:
        InvalidInputError: neither or both were given, or it holds nothing; the messages are PaddleOCR's.
    """
    lists = isinstance(images, (list, tuple)) and isinstance(paths, (list, tuple))
    if lists and images and not paths:
        chosen = of_images()
    elif lists and paths and not images:
        chosen = of_paths()
    else:
        raise InvalidInputError("The input data is inconsistent with expectations.")
    if not chosen:
        raise InvalidInputError("There is not any image to be predicted. Please check the input data.")
    return chosen
