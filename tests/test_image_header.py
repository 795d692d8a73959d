"""Sizes of pictures from the first bytes of their files."""

from __future__ import annotations

import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from hub.image_header import image_size
from tests.serving import pictures

pytestmark = pytest.mark.unit
NOISE = np.random.default_rng(1).integers(0, 255, (21, 33, 3), dtype=np.uint8)


def by_pillow(kind: str, **options: object) -> bytes:
    return pictures.encode(Image.fromarray(NOISE), kind, **options)


def by_opencv(kind: str) -> bytes:
    picture = NOISE.astype(np.float32) if kind in (".hdr", ".pfm") else NOISE
    done, data = cv2.imencode(kind, picture)
    assert done
    return bytes(data)


FILES = {
    "JPEG": by_pillow("JPEG"),
    "progressive JPEG": by_pillow("JPEG", progressive=True),
    "JPEG with comments": by_pillow("JPEG", comment=b"c" * 60_000, exif=b"Exif\0\0" + b"e" * 60_000),
    "JPEG with fill bytes": by_pillow("JPEG").replace(b"\xff\xdb", b"\xff" * 300 + b"\xdb"),
    "PNG": by_pillow("PNG"),
    "GIF": by_pillow("GIF"),
    "BMP": by_pillow("BMP"),
    "TIFF": by_pillow("TIFF"),
    "TIFF, deflated": by_pillow("TIFF", compression="tiff_deflate"),
    "big TIFF": by_pillow("TIFF", big_tiff=True),
    "WEBP": by_pillow("WEBP"),
    "lossless WEBP": by_pillow("WEBP", lossless=True),
    "WEBP with Exif": by_pillow("WEBP", exif=b"Exif\0\0" + b"e" * 100),
    "PPM": by_pillow("PPM"),
    "JPEG 2000": by_pillow("JPEG2000"),
    "JPEG 2000 codestream": by_pillow("JPEG2000", no_jp2=True),
    "AVIF": by_pillow("AVIF"),
    **{kind: by_opencv(kind) for kind in (".hdr", ".pfm", ".pam", ".ras", ".tiff", ".webp", ".avif")},
}


@pytest.mark.parametrize("name", FILES)
def test_the_size_is_that_of_the_picture(name: str) -> None:
    assert image_size(FILES[name]) == (33, 21)


@pytest.mark.parametrize("name", FILES)
def test_a_cut_or_changed_file_is_a_size_or_none_and_never_an_error(name: str) -> None:
    data = FILES[name]
    for end in range(min(len(data), 400)):
        assert image_size(data[:end]) in (None, (33, 21))
    random = np.random.default_rng(2)
    for _ in range(300):
        changed = bytearray(data)
        for place in random.integers(0, min(len(data), 300), 3):
            changed[place] = int(random.integers(0, 256))
        size = image_size(bytes(changed))
        assert size is None or (size[0] > 0 and size[1] > 0)


def entries(*fields: tuple[int, int]) -> bytes:
    """A TIFF whose directory has these integers."""
    directory = struct.pack("<H", len(fields)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields
    )
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4)


def test_a_tile_or_a_strip_that_is_larger_than_its_picture_is_its_size() -> None:
    size = ((256, 10), (257, 10))

    assert image_size(entries(*size, (322, 8192), (323, 4096))) == (8192, 4096)
    assert image_size(entries(*size, (278, 1 << 30))) == (10, 1 << 30)
    assert image_size(entries(*size, (278, 0xFFFF_FFFF))) == (10, 10)
    assert image_size(entries(*size, (322, 16), (323, 4))) == (10, 10)


def segments() -> bytes:
    return b"\xff\xd8" + b"\xff\xfe\0\2" * 12_000_000


def chunks() -> bytes:
    chunk = b"\0\0\0\0tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    return b"\x89PNG\r\n\x1a\n" + chunk * 4_000_000


def codestreams() -> bytes:
    return b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(48_000_000)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(segments(), id="JPEG segments"),
        pytest.param(b"\xff\xd8" + b"\xff" * 48_000_000, id="JPEG fill bytes"),
        pytest.param(b"\xff\xd8\xff\xe0\0\2" + bytes(48_000_000), id="JPEG garbage"),
        pytest.param(chunks(), id="PNG chunks"),
        pytest.param(b"II*\0" + struct.pack("<I", 8) + b"\xff\xff" + bytes(48_000_000), id="TIFF entries"),
        pytest.param(b"P6" + b"#\n" * 24_000_000, id="PPM comments"),
        pytest.param(b"P6" + b" " * 48_000_000, id="PPM blanks"),
        pytest.param(b"P7\n" + b"WIDTH 1\n" * 6_000_000, id="PAM lines"),
        pytest.param(b"#?RGBE\n" + b"\n+X 1 " * 8_000_000, id="Radiance lines"),
        pytest.param(b"\0\0\0\x20ftypavif" + b"ispe\0\0\0\0" * 6_000_000, id="AVIF items"),
        pytest.param(codestreams(), id="JPEG 2000 boxes"),
    ],
)
def test_a_file_that_never_comes_to_its_size_costs_no_time(data: bytes) -> None:
    def seconds(of: bytes) -> float:
        started = time.thread_time()  # what other processes do meanwhile does not count
        image_size(of)
        return time.thread_time() - started

    assert min(seconds(data) for _ in range(3)) < 0.5  # a library that reads all of it takes ten


def test_pillow_agrees_about_every_exotic_picture() -> None:
    for data in pictures.exotic().values():
        with Image.open(io.BytesIO(data)) as image:
            assert image_size(data) == image.size


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1", b"avif"])
def test_the_largest_item_of_a_heic_or_avif_is_its_size(brand: bytes) -> None:
    items = b"".join(
        b"ispe\0\0\0\0" + struct.pack(">II", *size) for size in ((512, 512), (4032, 3024), (240, 320))
    )
    assert image_size(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + items) == (4032, 3024)
