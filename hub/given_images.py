"""Images as a caller in Python hands them over: a path, bytes, a file object, a PIL image, an array.

``hub.Client`` sends them as files, modules that are called directly get them as arrays. A module's
environment may lack Pillow, so nothing is imported before it is needed.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub import base64_text
from hub.errors import InvalidInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: zlib's fastest: a quarter of the default's time for a tenth more bytes.
PNG_COMPRESSION: Final = 1
#: Of PIL: modes that a PNG file keeps as they are.
_WIDE_MODES: Final = ("I", "F")
_PNG_MODES: Final = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")
#: A longer text is not the path of a file.
_LONGEST_PATH: Final = 4096
_SHOWN: Final = 100


def file_content(value: Any, where: str) -> bytes | None:
    """Return the file that a value is; None for text, arrays and whatever else is not one.

    Args:
        value: bytes, an ``os.PathLike``, an object with ``read()``, or a PIL image, which becomes a PNG file
            of its present frame with the EXIF orientation applied.
        where: says in messages which value it is.

    Raises:
        InvalidInputError: it cannot be read, or is empty.
    """
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
    elif isinstance(value, os.PathLike):
        data = read_file(os.fspath(value), where)
    elif _is_pil(value):
        data = _png_of_pil(value, where)
    elif callable(getattr(value, "read", None)):
        data = value.read()
        if not isinstance(data, bytes):
            raise InvalidInputError(
                f'{where} is a file object that gives {type(data).__name__}; open it with mode "rb"'
            )
        if not data:
            raise InvalidInputError(f"{where} is empty: nothing follows the file object's position")
    else:
        return None
    if not data:
        raise InvalidInputError(f"{where} is empty")
    return data


def read_file(path: str | bytes, where: str) -> bytes:
    """Return a file's bytes; raises InvalidInputError where it cannot be read."""
    try:
        return Path(os.fsdecode(path)).expanduser().read_bytes()
    except (OSError, ValueError) as error:
        text = os.fsdecode(path)
        shown, hint = text, ""
        if len(text) > _SHOWN:
            shown, hint = f"{text[:_SHOWN]}…", "; base64 text is not guessed: pass bytes"
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(f"{where}: {shown} cannot be read: {reason}{hint}") from error


def as_arrays(images: Any, name: str = "images") -> Any:
    """Decode a list of images; what a runner passes, arrays and None, stays as it is.

    Args:
        images: one image, or a list or tuple: paths, bytes, file objects, PIL images, base64 texts, or
            arrays: uint8 of shape (height, width, 3) in BGR order, or (height, width). All else is returned
            as it is.
        name: the argument, for messages.

    Returns:
        A list of uint8 arrays of shape (height, width, 3), BGR; None where an item was None.

    Raises:
        InvalidInputError: an item is not an image; the message says which.
    """
    images = listed(images)
    if not isinstance(images, (list, tuple)):
        return images
    return [_as_array(item, f"{name}[{number}]") for number, item in enumerate(images)]


def listed(images: Any) -> Any:
    """Return one image, as :func:`as_arrays` takes it, as a list of one; all else as it is."""
    is_one = (
        isinstance(images, (str, bytes, bytearray, memoryview, os.PathLike))
        or (is_array(images) and images.ndim in (2, 3))
        or _is_pil(images)
        or callable(getattr(images, "read", None))
    )
    return [images] if is_one else images


def as_file(item: Any, where: str) -> bytes:
    """Return the file that a path, bytes, a file object, a PIL image or a text (path or base64) is.

    Raises:
        InvalidInputError: it is none of these, or cannot be read.
    """
    data = _file_of_text(item, where) if isinstance(item, str) else file_content(item, where)
    if data is None:
        raise InvalidInputError(
            f"{where} must be a path, bytes, a file object, a PIL image, or an array, "
            f"not {type(item).__name__}"
        )
    return data


def is_array(value: Any) -> bool:
    """Tell whether it is a NumPy array with dimensions, without importing NumPy."""
    return type(value).__module__ == "numpy" and getattr(value, "ndim", 0) > 0


def _as_array(item: Any, where: str) -> NDArray[np.uint8] | None:
    if item is None:
        return None
    if is_array(item):
        return checked(item, where)
    data = as_file(item, where)
    from hub.pictures.decode import decoded

    try:
        return decoded(data)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where} is not a readable image: {error}") from error


def checked(image: NDArray[np.uint8], where: str) -> NDArray[np.uint8]:
    """Return an array as (height, width, 3); raises InvalidInputError for one that is not an image."""
    if image.dtype != "uint8" or not image.size or not (image.ndim == 2 or image.shape[2:] == (3,)):
        raise InvalidInputError(
            f"{where} is an array of {image.dtype} and shape {image.shape}; an image is uint8 of shape "
            "(height, width, 3) in BGR order"
        )
    return image if image.ndim == 3 else image[..., None].repeat(3, axis=2)


def _file_of_text(text: str, where: str) -> bytes:
    """Return the file that a text is the path of, or base64."""
    try:
        is_path = base64_text.is_file_name(text) or (text and Path(text).expanduser().exists())
        if len(text) <= _LONGEST_PATH and is_path:
            return read_file(text, where)
    except (OSError, ValueError, RuntimeError):  # too long a name, a NUL, no home
        pass
    try:
        return base64_text.decode(text, where)
    except InvalidInputError as error:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise InvalidInputError(f"{where}: {shown!r} is not a file, and not base64: {error}") from error


def _is_pil(value: Any) -> bool:
    pil = sys.modules.get("PIL.Image")  # who has an image of PIL's has imported it
    return pil is not None and isinstance(value, pil.Image)


def _png_of_pil(image: Any, where: str) -> bytes:
    from PIL import ImageOps

    file = io.BytesIO()
    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in _WIDE_MODES:
            upright = _narrowed(upright)
        if upright.mode not in _PNG_MODES:
            upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        upright.save(file, "PNG", compress_level=PNG_COMPRESSION)
    except (OSError, ValueError, SyntaxError) as error:
        raise InvalidInputError(f"{where}: the PIL image cannot be read: {error}") from error
    return file.getvalue()


def _narrowed(image: Any) -> Any:
    """Return a PIL image of whole or floating numbers with eight bits; PIL cuts off what is above."""
    import numpy as np
    from PIL import Image

    from hub.pictures.levels import eight_bits

    return Image.fromarray(eight_bits(np.asarray(image)))
