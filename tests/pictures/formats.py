"""One line of text in every format, and several where a format has pages."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from PIL import Image

from hub.pictures.levels import Image as Array
from tests.pictures.drawn import several
from tests.serving.pictures import encode

WORDS = ("INVOICE", "RECEIPT", "20261120")


def page(text: str = WORDS[0]) -> Array:
    """Black text on white, uint8 (96, 320, 3)."""
    image = np.full((96, 320, 3), 255, np.uint8)
    cv2.putText(image, text, (24, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3, cv2.LINE_AA)
    return image


def picture(text: str = WORDS[0], mode: str = "RGB") -> Image.Image:
    """The same for Pillow; with ``RGBA`` all but the text is transparent."""
    if mode != "RGBA":
        return Image.fromarray(page(text)).convert(mode)
    alpha = 255 - page(text)[:, :, 0]
    return Image.fromarray(np.dstack([np.zeros_like(page(text)), alpha]), "RGBA")


def pages(count: int = 3) -> list[Image.Image]:
    return [picture(text) for text in WORDS[:count]]


def by_opencv(ending: str, image: Array | None = None) -> bytes:
    done, data = cv2.imencode(ending, page() if image is None else image)
    assert done
    return data.tobytes()


def turned(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(picture().transpose(Image.Transpose.ROTATE_90), kind, exif=exif.tobytes())


def samples() -> dict[str, tuple[bytes, tuple[str, ...]]]:
    """Name of a variant → the file, and the text of each of its pages."""
    one = WORDS[:1]
    grey16 = [Image.fromarray(page(text)[:, :, 0].astype(np.uint16) * 257) for text in WORDS]
    return {
        "JPEG": (encode(picture(), "JPEG", quality=95), one),
        "JPEG, CMYK": (encode(picture(mode="CMYK"), "JPEG", quality=95), one),
        "JPEG, lying": (turned("JPEG"), one),
        "JPEG, several pictures (MPO)": (several(picture(), picture(WORDS[1]), kind="MPO"), one),
        "PNG": (encode(picture()), one),
        "PNG, transparent": (encode(picture(mode="RGBA")), one),
        "PNG, palette": (encode(picture(mode="P")), one),
        "PNG, 16 bits": (by_opencv(".png", page().astype(np.uint16) * 257), one),  # type: ignore[arg-type]
        "PNG, animated": (several(*pages(), duration=90, kind="PNG"), WORDS),
        "GIF": (encode(picture(), "GIF"), one),
        "GIF, animated": (several(*pages(), duration=90, kind="GIF"), WORDS),
        "WebP": (encode(picture(), "WEBP"), one),
        "WebP, transparent": (encode(picture(mode="RGBA"), "WEBP"), one),
        "WebP, animated": (several(*pages(), duration=90, kind="WEBP"), WORDS),
        "TIFF": (encode(picture(), "TIFF"), one),
        "TIFF, pages": (several(*pages()), WORDS),
        "TIFF, pages of 16 bits": (several(*grey16), WORDS),
        "TIFF, fax": (encode(picture(mode="1"), "TIFF", compression="group4"), one),
        "AVIF": (encode(picture(), "AVIF"), one),
        "AVIF, lying": (turned("AVIF"), one),
        "BMP": (encode(picture(), "BMP"), one),
        "JPEG 2000": (by_opencv(".jp2"), one),
        "Netpbm picture": (by_opencv(".ppm"), one),
        "Radiance HDR": (by_opencv(".hdr", (page() / 255).astype(np.float32)), one),  # type: ignore[arg-type]
        "Sun raster": (by_opencv(".ras"), one),
        "PDF": (several(*pages(), kind="PDF", resolution=144), WORDS),
        "PDF, one page": (several(picture(), kind="PDF", resolution=144), one),
    }


def heic() -> bytes:
    """A HEIC; needs pillow-heif."""
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(file, quality=90)
    return file.getvalue()


def texts(lines: list[dict[str, Any]]) -> list[str]:
    """The text of ``ocr_system``'s lines, without blanks."""
    return [line["text"].replace(" ", "") for line in lines]
