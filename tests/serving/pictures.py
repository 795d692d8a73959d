"""Small pictures for requests: good ones, exotic ones, and ones that lie."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
from PIL import Image


def text_of(data: bytes) -> str:
    """base64, as clients send pictures in JSON."""
    return base64.b64encode(data).decode()


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain(width: int = 30, height: int = 20, mode: str = "RGB", colour: Any = (200, 100, 50)) -> Image.Image:
    return Image.new(mode, (width, height), colour)


def png(width: int = 30, height: int = 20) -> bytes:
    return encode(plain(width, height))


def exotic() -> dict[str, bytes]:
    """Valid pictures that trip careless decoders, all 30 wide and 20 high once they are upright."""
    gif = plain(mode="P", colour=1)
    lying = plain(20, 30)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    return {
        "animated GIF": encode(gif, "GIF", save_all=True, append_images=[plain(mode="P", colour=2)] * 3),
        "CMYK JPEG": encode(plain(mode="CMYK", colour=(0, 80, 120, 40)), "JPEG"),
        "16-bit PNG": encode(plain(mode="I;16", colour=40000)),
        "alpha PNG": encode(plain(mode="RGBA", colour=(200, 100, 50, 10))),
        "grey JPEG": encode(plain(mode="L", colour=99), "JPEG"),
        "1-bit PNG": encode(plain(mode="1", colour=1)),
        "palette PNG": encode(gif),
        "EXIF-rotated JPEG": encode(lying, "JPEG", exif=exif),
        "WEBP": encode(plain(), "WEBP"),
        "BMP": encode(plain(), "BMP"),
        "two-page TIFF": encode(plain(), "TIFF", save_all=True, append_images=[plain()]),
    }


#: What is said of some of them to a module that takes one picture of a file.
REMARKS = {
    "two-page TIFF": "images[0] has 2 pages; only the first is read here",
}


def unreadable() -> dict[str, bytes]:
    """What is no picture, whatever it claims."""
    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    return {
        "text named png": b"this is no picture at all",
        "PNG cut in its header": encode(picture)[:20],
        "JPEG cut in its header": encode(picture, "JPEG")[:30],
        "PNG signature and noise": b"\x89PNG\r\n\x1a\n" + noise.tobytes()[:200],
        "bad PNG header checksum": png().replace(b"IHDR\x00\x00\x00\x1e", b"IHDR\x00\x00\x00\x1f"),
        "one byte": b"\xff",
    }


def truncated(kind: str) -> bytes:
    """A picture whose second half is missing; decoders differ in whether that is readable."""
    noise = np.random.default_rng(1).integers(0, 255, (60, 60, 3), dtype=np.uint8)
    whole = encode(Image.fromarray(noise), kind)
    return whole[: len(whole) // 2]


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header announces many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    header = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def radiance(width: int, height: int) -> bytes:
    """A file that OpenCV reads and the gateway cannot size: remarks fill the bytes in which it looks."""
    done, data = cv2.imencode(".hdr", np.ones((height, width, 3), np.float32))
    assert done
    first, _, rest = bytes(data).partition(b"\n")
    return first + b"\n" + b"# a remark\n" * 30_000 + rest
