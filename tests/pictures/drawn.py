"""One picture in many forms that look alike: a black bar on white, which stands for a line of text."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from hub.pictures.levels import Image as Array
from tests.serving.pictures import encode

WIDTH, HEIGHT = 60, 40


def bar() -> Array:
    """Grey, uint8 (40, 60): black where the bar is, white elsewhere."""
    grey = np.full((HEIGHT, WIDTH), 255, np.uint8)
    grey[10:20, 10:50] = 0
    return grey


def looks_like_the_bar(image: Array | None, *, light: bool = False) -> bool:
    """Tell whether the bar stands out where it is, dark on light or, with ``light``, the other way."""
    if image is None or image.shape != (HEIGHT, WIDTH, 3):
        return False
    inside, outside = image[12:18, 14:46].mean(), image[26:38, 2:58].mean()
    return (inside - outside if light else outside - inside) > 100


def rgba(ink: int, hidden: int) -> Image.Image:
    """The bar in ``ink``, all else transparent, with ``hidden`` as the colour that nobody sees."""
    alpha = 255 - bar()
    grey = np.where(alpha > 0, ink, hidden).astype(np.uint8)
    return Image.fromarray(np.dstack([grey, grey, grey, alpha]), "RGBA")


def palette(ink: int) -> Image.Image:
    """The same in a palette whose first colour is transparent; both colours are ``ink``."""
    image = Image.fromarray((bar() == 0).astype(np.uint8), "P")
    image.putpalette([ink] * 6)
    return image


def transparent() -> dict[str, bytes]:
    """The bar, black, on nothing."""
    grey_alpha = rgba(0, 0).convert("LA")
    key = Image.fromarray(np.where(bar() > 0, 7, 0).astype(np.uint8), "L")
    return {
        "RGBA PNG": encode(rgba(0, 0)),
        "grey and alpha PNG": encode(grey_alpha),
        "palette PNG": encode(palette(0), transparency=0),
        "colour key PNG": encode(key, transparency=7),
        "colour key RGB PNG": encode(key.convert("RGB"), transparency=(7, 7, 7)),
        "16-bit RGBA PNG": wide_png(),
        "WebP": encode(rgba(0, 0), "WEBP", lossless=True, exact=True),
        "GIF": encode(palette(0), "GIF", transparency=0),
        "TIFF": encode(rgba(0, 0), "TIFF"),
        "AVIF": encode(rgba(0, 0), "AVIF"),
        "BMP": bmp_with_alpha(),
    }


def wide_png() -> bytes:
    """RGBA with 16 bits a channel, which Pillow does not write."""
    pixels = np.asarray(rgba(0, 0)).astype(">u2") * 257
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return png(struct.pack("!IIBBBBB", WIDTH, HEIGHT, 16, 6, 0, 0, 0), rows)


def png(header: bytes, rows: bytes, *others: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    chunks = [(b"IHDR", header), *others, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def bmp_with_alpha() -> bytes:
    """32 bits a pixel with masks (header of version 4)."""
    pixels = np.asarray(rgba(0, 0))[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<IiiHHIIiiII", 108, WIDTH, HEIGHT, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    head += masks + b"BGRs" + bytes(48)
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(pixels), 0, 0, 14 + len(head)) + head + pixels


def wide(kind: str) -> Image.Image:
    """The bar in more than eight bits."""
    grey = bar().astype(np.float32) / 255
    values: dict[str, Any] = {
        "16 bits": (grey * 65_535).astype(np.uint16),
        "int32 up to 255": (grey * 255).astype(np.int32),
        "int32 up to 65535": (grey * 65_535).astype(np.int32),
        "int32 beyond": (grey * 2_000_000 - 1_000_000).astype(np.int32),
        "float up to 1": grey,
        "float up to 255": grey * 255,
        "float below 0": grey * 8 - 4,
    }
    return Image.fromarray(values[kind])


WIDE = (
    "16 bits",
    "int32 up to 255",
    "int32 up to 65535",
    "int32 beyond",
    "float up to 1",
    "float up to 255",
    "float below 0",
)


def others() -> dict[str, Image.Image]:
    """The bar in the other modes of a TIFF."""
    grey = Image.fromarray(bar())
    return {
        "one bit": grey.convert("1"),
        "grey": grey,
        "palette": grey.convert("P"),
        "RGB": grey.convert("RGB"),
        "CMYK": grey.convert("RGB").convert("CMYK"),
        "RGBA": rgba(0, 0),
        "YCbCr": grey.convert("RGB").convert("YCbCr"),
    }


def lying(kind: str) -> bytes:
    """The bar turned by a quarter, in a file that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    image = Image.fromarray(bar()).convert("RGB").transpose(Image.Transpose.ROTATE_90)
    return encode(image, kind, exif=exif.tobytes())


def several(*images: Image.Image, kind: str = "TIFF", **options: Any) -> bytes:
    file = io.BytesIO()
    images[0].save(file, kind, save_all=True, append_images=images[1:], **options)
    return file.getvalue()
