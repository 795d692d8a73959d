"""Images as PaddleHub's modules take them: from base64 or a path to BGR arrays, and back.

An image is a ``uint8`` or ``float32`` array of shape (height, width, channels).
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy.typing as npt

from hub.errors import InvalidInputError

Image = npt.NDArray[Any]


def base64_to_cv2(b64str: str | bytes) -> Image | None:
    """Decode an image file in base64 (also of a data URI) to BGR uint8; None if the bytes are not an image.

    Raises:
        InvalidInputError: it is empty or not base64.
    """
    from hub.ocr.images import as_image

    return as_image(b64str.decode("latin-1") if isinstance(b64str, bytes) else b64str)


def cv2_to_base64(image: Image, extension: str = ".jpg") -> str:
    """Encode an image; JPEG, as PaddleHub's modules answer, unless told otherwise."""
    return base64.b64encode(cv2.imencode(extension, image)[1].tobytes()).decode()


def decode_all(images: Sequence[str], where: str = "images") -> list[Image]:
    """Decode all of a request's images.

    Raises:
        InvalidInputError: one of them is not an image. PaddleHub left it out, so that results did not match.
    """
    from hub.ocr.images import from_base64
    from hub.pictures.decode import decoded
    from hub.pictures.pages import unreadable

    found = []
    for number, text in enumerate(images):
        data = from_base64(text)
        try:
            found.append(decoded(data))
        except InvalidInputError as error:
            raise InvalidInputError(unreadable(f"{where}[{number}]", error)) from error
    return found


def read(image: str | Image) -> Image:
    """Return an image as given, or read it from its path."""
    if not isinstance(image, str):
        return image
    from hub.pictures.decode import decoded

    try:
        return decoded(Path(image).read_bytes())
    except (InvalidInputError, OSError) as error:
        raise ValueError(f"{image} cannot be read as an image: {error}") from error
