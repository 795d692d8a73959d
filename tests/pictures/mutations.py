"""Variants of a file: those that keep the pixels, and those that damage it. Seeded."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable

from hub.pictures.kinds import JPEG as JPEG_KIND
from hub.pictures.kinds import PDF, PNG, WEBP, recognised

Change = Callable[[bytes, random.Random], bytes]


def _with_png_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    chunk = struct.pack("!I", len(content)) + kind + content + struct.pack("!I", zlib.crc32(kind + content))
    return data[:33] + chunk + data[33:]


def keeping(data: bytes, chance: random.Random) -> bytes:
    """Return a file with the same pixels: other metadata, or bytes that readers pass over."""
    junk = chance.randbytes(chance.randint(1, 300))
    kind = recognised(data)
    if kind == JPEG_KIND:
        marker = chance.choice((b"\xff\xfe", b"\xff\xec", b"\xff\xed"))  # a comment, or of some program
        return (
            data[:2]
            + marker
            + struct.pack("!H", 2 + len(junk))
            + junk
            + data[2:]
            + chance.choice((b"", junk))
        )
    if kind == PNG:
        whole = _with_png_chunk(data, b"tEXt", b"Comment\0" + junk.replace(b"\0", b""))
        return whole + chance.choice((b"", junk))
    if kind == PDF:
        comment = b"\n%" + junk.replace(b"\n", b"").replace(b"\r", b"") + b"\n"
        return data + comment
    if kind == WEBP:
        return data + junk[: len(junk) // 2 * 2]
    return data + junk  # what follows the end


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _flip_head(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(min(96, len(changed)))] = chance.randrange(256)
    return bytes(changed)


def _blank(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    size = chance.randint(1, 1 + len(data) // 3)
    return (data[:start] + bytes(size) + data[start + size :])[: len(data)]


def _double(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + chance.randint(1, 200)]
    return data[:start] + part + data[start:]


def _drop(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 200) :]


def _as_text(data: bytes, chance: random.Random) -> bytes:
    return data.decode("latin-1").encode()  # a file that was treated as text on its way


DAMAGES: tuple[Change, ...] = (_cut, _flip, _flip_head, _blank, _double, _drop, _as_text)


def damaging(data: bytes, chance: random.Random) -> bytes:
    """Return a file that is cut, changed or mixed up somewhere."""
    return chance.choice(DAMAGES)(data, chance)
