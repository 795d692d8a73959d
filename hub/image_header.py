"""The size of a picture, from the first bytes of its file: nothing is decoded. Standard library only.

A few bytes of each format that OpenCV reads are looked at, in at most some thousand steps, whatever the file
holds. A library that opens it reads all of its parts: 48 MB of empty JPEG segments took eleven seconds.
"""

from __future__ import annotations

import itertools
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

Size = tuple[int, int]

#: The size stands within these first bytes, or is not found; parts whose length is known are skipped unread.
HEAD_BYTES: Final = 1 << 18
#: A picture of a camera has some ten of them.
_MAX_SEGMENTS: Final = 2000
#: libtiff refuses more.
_MAX_TIFF_ENTRIES: Final = 4096
#: Before a marker there may be any number of these; they are skipped so many at a time.
_FILL_BYTES: Final = 64
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH: Final = frozenset((0x01, *range(0xD0, 0xD9)))
_BMP_HEADERS: Final = frozenset((40, 52, 56, 64, 108, 124))
_SPACE: Final = rb"(?:[ \t\r\n\v\f]|#[^\r\n]*+[\r\n])++"
_PNM: Final = re.compile(rb"P[1-6Ff]" + _SPACE + rb"(\d{1,10})" + _SPACE + rb"(\d{1,10})\s")
_PAM: Final = (
    re.compile(rb"P7\s"),
    re.compile(rb"\nWIDTH (\d{1,10})\s"),
    re.compile(rb"\nHEIGHT (\d{1,10})\s"),
)
_RADIANCE: Final = re.compile(rb"\n[-+]([XY]) (\d{1,10}) [-+][XY] (\d{1,10})\n")
_ITEM_SIZE: Final = re.compile(rb"ispe\0\0\0\0(?=.{8})", re.DOTALL)
_MAX_ITEMS: Final = 1000
_AVIF_BRANDS: Final = (b"avif", b"avis", b"mif1", b"msf1", b"miaf")
_HEIC_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
#: TIFF's integers: bytes of each type.
_TIFF_INTEGERS: Final = {1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
_WIDTH, _HEIGHT, _STRIP_ROWS, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 278, 322, 323


def image_size(data: bytes) -> Size | None:
    """Return (width, height) in pixels, as stored; None where it is not a picture of a known format.

    For a TIFF whose tile or strip is larger than the picture, the size of that: a decoder makes room for it.
    """
    for magic, read in _FORMATS:
        if data.startswith(magic):
            try:
                size = read(data)
            except (struct.error, ValueError, OverflowError):  # cut off
                return None
            return size if size is not None and size[0] > 0 and size[1] > 0 else None
    if data[4:8] == b"ftyp" and data[8:12] in (*_AVIF_BRANDS, *_HEIC_BRANDS):
        return _items(data)
    return None


def _png(data: bytes) -> Size | None:
    width, height = struct.unpack_from(">II", data, 16)
    (checksum,) = struct.unpack_from(">I", data, 29)
    if data[8:16] != b"\0\0\0\rIHDR" or zlib.crc32(data[12:29]) != checksum:
        return None
    return width, height


def _jpeg(data: bytes) -> Size | None:
    position = 2
    for _ in range(_MAX_SEGMENTS):
        position = data.find(b"\xff", position, position + HEAD_BYTES)
        if position < 0:
            return None
        fill = data[position : position + _FILL_BYTES]
        position += len(fill) - len(fill.lstrip(b"\xff")) - 1
        marker, length = struct.unpack_from(">xBH", data, position)
        if marker == 0xFF:  # more of them
            position += 1
            continue
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        if marker in (0xD9, 0xDA):  # the picture ends, or begins
            return None
        position += 2 if marker in _WITHOUT_LENGTH else 2 + max(2, length)
    return None


def _gif(data: bytes) -> Size:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> Size | None:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height
    width, height = struct.unpack_from("<ii", data, 18)
    return (width, abs(height)) if header in _BMP_HEADERS else None


def _webp(data: bytes) -> Size | None:
    kind = data[12:16]
    if data[8:12] != b"WEBP":
        return None
    if kind == b"VP8X":
        (both,) = struct.unpack("<Q", data[24:30] + b"\0\0")
        return 1 + (both & 0xFF_FFFF), 1 + (both >> 24)
    if kind == b"VP8L" and data[20:21] == b"\x2f":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _portable(data: bytes) -> Size | None:
    head = data[:HEAD_BYTES]
    if found := _PNM.match(head):
        return int(found[1]), int(found[2])
    magic, width, height = (pattern.search(head) for pattern in _PAM)
    return (int(width[1]), int(height[1])) if magic and width and height else None


def _radiance(data: bytes) -> Size | None:
    found = _RADIANCE.search(data, 0, HEAD_BYTES)
    if found is None:
        return None
    first, second = int(found[2]), int(found[3])
    return (first, second) if found[1] == b"X" else (second, first)


def _sun_raster(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 4)
    return width, height


def _jpeg_2000(data: bytes) -> Size | None:
    """Read the codestream's size, which is what is decoded, not the box around it."""
    start = data.find(b"\xff\x4f\xff\x51", 0, HEAD_BYTES)
    if start < 0:
        return None
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    return right - left, bottom - top


def _items(data: bytes) -> Size | None:
    """Return the largest of the sizes that its items announce."""
    sizes = [
        struct.unpack_from(">II", data, found.end())
        for found in itertools.islice(_ITEM_SIZE.finditer(data[:HEAD_BYTES]), _MAX_ITEMS)
    ]
    return max(sizes, key=lambda size: int(size[0] * size[1]), default=None)


def _tiff(data: bytes) -> Size | None:
    fields: dict[int, int] = {}
    for tag, value in _tiff_entries(data):
        fields[tag] = max(value, fields.get(tag, 0))
    width, height = fields.get(_WIDTH, 0), fields.get(_HEIGHT, 0)
    if not width or not height:
        return None
    rows = fields.get(_STRIP_ROWS, 0)
    sizes = [
        (width, height),
        (width, rows if rows < 0xFFFF_FFFF else 0),  # which means: all
        (fields.get(_TILE_WIDTH, 0), fields.get(_TILE_HEIGHT, 0)),
    ]
    return max(sizes, key=lambda size: size[0] * size[1])


def _tiff_entries(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield tag and value of the first directory's entries that are one integer."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = 43 in data[2:4]
    (start,) = struct.unpack_from(f"{order}{'Q' if is_big else 'I'}", data, 8 if is_big else 4)
    (count,) = struct.unpack_from(f"{order}{'Q' if is_big else 'H'}", data, start)
    entry = struct.Struct(f"{order}HH{'Q8s' if is_big else 'I4s'}")
    if count > _MAX_TIFF_ENTRIES:
        raise ValueError("no decoder reads so many entries")
    start += 8 if is_big else 2
    for number in range(count):
        tag, kind, length, value = entry.unpack_from(data, start + number * entry.size)
        size = _TIFF_INTEGERS.get(kind, 0)
        if length == 1 and size and size <= len(value):
            yield tag, int.from_bytes(value[:size], "little" if order == "<" else "big")


_FORMATS: Final[tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], Size | None]], ...]] = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    ((b"GIF87a", b"GIF89a"), _gif),
    (b"BM", _bmp),
    (b"RIFF", _webp),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _tiff),
    ((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP"), _jpeg_2000),
    ((b"#?RADIANCE", b"#?RGBE"), _radiance),
    (b"\x59\xa6\x6a\x95", _sun_raster),
    (b"P", _portable),
)
