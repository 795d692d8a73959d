"""From a caller's arguments to the JSON object that is sent.

Arrays, bytes, paths, file objects and PIL images are images or other files, and travel as base64, wherever
they are. A string is a path only under a customary name of images; under any other it is sent as it is.
Base64 is not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pybase64

from hub import envelope
from hub.errors import InvalidInputError
from hub.given_images import PNG_COMPRESSION, file_content, is_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Arguments in which a string is the path of a file.
PATH_ARGUMENTS = ("images", "image")


def encode(arguments: Mapping[str, Any]) -> bytes:
    """Return the body of a request.

    Raises:
        InvalidInputError: a file cannot be read, an array is not an image, a value has no JSON form.
    """
    try:
        return envelope.dumps({name: _value(value, name) for name, value in arguments.items()})
    except TypeError as error:
        raise InvalidInputError(f"the arguments cannot be sent: {error}") from error


def _value(value: Any, where: str) -> Any:
    if isinstance(value, (list, tuple)):
        return [_value(item, f"{where}[{number}]") for number, item in enumerate(value)]
    if isinstance(value, str) and where.partition("[")[0] in PATH_ARGUMENTS:
        value = Path(value)
    data = _png(value, where) if is_array(value) else file_content(value, where)
    return value if data is None else pybase64.b64encode_as_string(data)


def _png(image: NDArray[np.uint8], where: str) -> bytes:
    """Return the array as a PNG file, which loses nothing.

    ``image`` is uint8 of shape (height, width, 3), BGR, or (height, width), grey.
    """
    is_image = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)
    if image.dtype != "uint8" or not is_image or not image.size:
        raise InvalidInputError(
            f"{where} is an array of {image.dtype} and shape {image.shape}; an image is uint8 of shape "
            "(height, width, 3) in BGR order. Send other arrays as lists: array.tolist()"
        )
    import cv2

    written, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION])
    if not written:
        raise InvalidInputError(f"{where}: an array of shape {image.shape} cannot be written as PNG")
    return data.tobytes()
