"""A picture's bytes to an array: uint8 (height, width, 3), BGR, upright, on a ground where it has none.

OpenCV reads what it reads as PaddleOCR's own tools do, Pillow the formats of which OpenCV drops a part
(transparency, orientation, frames), or which some of its releases do not have. Both are imported when first
needed; without Pillow, as in an isolated environment that has none, OpenCV reads what it can.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from hub import missing_library, settings
from hub.errors import EngineError, InvalidInputError
from hub.image_header import image_size
from hub.pictures import kinds
from hub.pictures.kinds import Kind, recognised

if TYPE_CHECKING:
    from PIL import Image as Pillow

    from hub.pictures.levels import Image

#: Read by Pillow, and its name for each.
_PILLOW_FORMATS: Final = {
    kinds.PNG: "PNG",
    kinds.BMP: "BMP",
    kinds.GIF: "GIF",
    kinds.TIFF: "TIFF",
    kinds.WEBP: "WEBP",
    kinds.AVIF: "AVIF",
    kinds.HEIC: "HEIF",
}
#: OpenCV reads variants of these that Pillow does not.
_OPENCV_TOO: Final = (kinds.BMP, kinds.TIFF, kinds.AVIF)
#: Modes of more than eight bits.
_WIDE_MODES: Final = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
#: Where a PNG says how its colours are stored, and the two ways with transparency.
_PNG_TYPE: Final = 25
_PNG_WITH_ALPHA: Final = (b"\4", b"\6")
_END_OF_IMAGE, _START_OF_SCAN = b"\xff\xd9", b"\xff\xda"
#: Bytes that programs add behind the end of a JPEG.
_USUAL_TRAILER: Final = 1024
_BMP_WITH_MASKS: Final = (56, 108, 124)
_STRIP_ROWS, _TILE_WIDTH, _TILE_HEIGHT = 278, 322, 323
_ALL_ROWS: Final = 0xFFFF_FFFF


class TooManyPixelsError(InvalidInputError):
    """A picture, or a page, is larger than allowed."""

    def __init__(self, width: int, height: int, limit: int) -> None:
        super().__init__(f"it has {width} × {height} pixels; at most {limit} are allowed (max_pixels)")
        self.width = width
        self.height = height
        self.limit = limit


def require_opencv() -> None:
    """Import OpenCV before the first picture needs it; raises EngineError, which says what to install."""
    try:
        import cv2  # noqa: F401
    except ImportError as error:
        advice = missing_library.advice(error) or "pip install --force-reinstall opencv-python-headless"
        raise EngineError(f"OpenCV, which decodes images, does not load: {error}; {advice}") from error


def decoded(data: bytes | bytearray | memoryview, max_pixels: int | None = None) -> Image:
    """Decode a picture, the first one where there are several.

    Args:
        data: the file.
        max_pixels: that it may have; ``settings.max_pixels()`` unless given.

    Raises:
        InvalidInputError: it is none, is damaged, or too large; says which format it is and what to do.
    """
    limit = max_pixels or settings.max_pixels()
    kind, data = recognised(data), bytes(data)
    picture = None if kind not in _PILLOW_FORMATS or _is_plain(data, kind) else opened(data, kind)
    if picture is None:
        return _by_opencv(data, kind, limit)
    with picture:
        try:
            return pixels(picture, limit)
        except InvalidInputError:
            raise
        except Exception as error:  # a decoder raises whatever it stumbles over
            raise damaged(kind) from error


def opened(data: bytes, kind: Kind) -> Pillow.Image | None:
    """Open a picture with Pillow, which then has read its head; None where it does not read the format.

    Raises:
        InvalidInputError: it is damaged, or needs a library that is not installed.
    """
    try:
        from PIL import Image as Pillow
    except ImportError:
        return None
    # Our own limit applies, with our own message; Pillow's would warn at half of it.
    Pillow.MAX_IMAGE_PIXELS = None
    try:
        if kind == kinds.HEIC:
            return _heif(data)
        return Pillow.open(io.BytesIO(data), formats=[_PILLOW_FORMATS[kind]])
    except InvalidInputError:
        raise
    except Exception as error:
        if kind in _OPENCV_TOO:
            return None
        raise damaged(kind) from error


def pixels(picture: Pillow.Image, max_pixels: int) -> Image:
    """Decode the present frame of a picture that Pillow has open; raises InvalidInputError, or anything."""
    import numpy as np
    from PIL import ImageOps

    from hub.pictures import levels

    check_pixels(*_decoded_size(picture), max_pixels)
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in _WIDE_MODES:
        return levels.eight_bits(np.asarray(picture))
    if picture.has_transparency_data:
        return levels.blended(np.asarray(picture.convert("RGBA")))
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])


def is_cut_off(data: bytes) -> bool:
    """Tell whether the end of a JPEG is missing."""
    if recognised(data) != kinds.JPEG or _END_OF_IMAGE in data[-_USUAL_TRAILER:]:
        return False
    # A thumbnail has an end of its own, but before the picture's own scan.
    return data.rfind(_END_OF_IMAGE) < data.rfind(_START_OF_SCAN)


def ended(data: bytes) -> bytes:
    """Return a JPEG with an end, so that as much of it is read as is there; the rest becomes grey."""
    return data + _END_OF_IMAGE


def page_by_opencv(data: bytes, place: int) -> Image | None:
    """Decode a page of a TIFF with OpenCV; None where it does not read it."""
    import cv2
    import numpy as np

    file = np.frombuffer(data, np.uint8)
    try:
        images = cv2.imdecodemulti(file, cv2.IMREAD_COLOR, range=(place, place + 1))[1]
    except cv2.error:
        return None
    return images[0] if images else None


def check_pixels(width: int, height: int, limit: int) -> None:
    """Raise TooManyPixelsError for more pixels than ``limit``."""
    if width * height > limit:
        raise TooManyPixelsError(width, height, limit)


def damaged(kind: Kind) -> InvalidInputError:
    """Return the error for a file of that format which cannot be decoded."""
    if kind == kinds.UNKNOWN:
        return InvalidInputError(f"its format is not known: {kind.advice}")
    if not kind.is_picture:
        return InvalidInputError(f"it is {kind.described}: {kind.advice}")
    return InvalidInputError(f"it is {kind.described} that is damaged or cut off")


def _is_plain(data: bytes, kind: Kind) -> bool:
    """Tell whether OpenCV loses nothing of it: a PNG or BMP without transparency."""
    if kind == kinds.PNG:
        has_alpha = data[_PNG_TYPE : _PNG_TYPE + 1] in _PNG_WITH_ALPHA
        return not has_alpha and b"tRNS" not in data.partition(b"IDAT")[0] and b"eXIf" not in data
    if kind == kinds.BMP:
        has_masks = int.from_bytes(data[14:18], "little") in _BMP_WITH_MASKS
        return not (has_masks and data[28:30] == b"\x20\0")
    return False


def _by_opencv(data: bytes, kind: Kind, max_pixels: int) -> Image:
    if not kind.is_picture and kind != kinds.UNKNOWN:
        raise damaged(kind)
    check_pixels(*(image_size(data) or (0, 0)), max_pixels)
    import cv2
    import numpy as np

    if kind == kinds.NETPBM:
        from hub.pictures import netpbm

        if (other := netpbm.decoded(data)) is not None:
            return other
        data += b"\n"  # OpenCV needs something behind the last number of a text
    if is_cut_off(data):  # of which OpenCV 5 reads nothing, and OpenCV 4 as much as there is
        raise damaged(kind)
    try:
        image: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # more pixels than its own limit, with a header that says less
        raise InvalidInputError(
            f"{damaged(kind)}, or has more than {max_pixels} pixels (max_pixels)"
        ) from error
    if image is None:
        raise damaged(kind)
    check_pixels(image.shape[1], image.shape[0], max_pixels)
    return image  # type: ignore[no-any-return]


def _heif(data: bytes) -> Pillow.Image:
    try:
        import pillow_heif
    except ImportError as error:
        raise InvalidInputError(
            "it is a HEIC: pip install pillow-heif where the server runs, or send it as JPEG or PNG"
        ) from error
    picture: Pillow.Image = pillow_heif.HeifImageFile(io.BytesIO(data))
    return picture


def _decoded_size(picture: Pillow.Image) -> tuple[int, int]:
    """Return width and height, or those of a tile or strip of a TIFF that is larger: room is made for it."""
    width, height = picture.size
    fields = getattr(picture, "tag_v2", {})
    rows = fields.get(_STRIP_ROWS, 0)
    tile = fields.get(_TILE_WIDTH, 0), fields.get(_TILE_HEIGHT, 0)
    sizes = [(width, height), (width, rows if rows < _ALL_ROWS else 0), tile]
    return max(sizes, key=lambda size: size[0] * size[1])
