"""Bodies that came compressed (``Content-Encoding``), unpacked part by part, so that a bomb is cut early."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Final

from hub.errors import InvalidInputError, MediaTypeError

_GZIP: Final = ("gzip", "x-gzip")
_DEFLATE: Final = "deflate"
#: Of zlib: a gzip header, a zlib header, none.
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15
#: Unpacked at once: as much more memory than the limit a bomb may take.
_CHUNK: Final = 1 << 18
#: Streams of gzip one after the other, which count as one; nobody sends many.
_MAX_STREAMS: Final = 16


def coding(header: str) -> str:
    """Return the coding that a Content-Encoding names: ``gzip``, ``deflate`` or "" for none.

    Raises:
        MediaTypeError: another one, or several.
    """
    named = [each.strip().lower() for each in header.split(",")]
    named = [each for each in named if each not in ("", "identity")]
    if not named:
        return ""
    if len(named) == 1 and (named[0] in _GZIP or named[0] == _DEFLATE):
        return _GZIP[0] if named[0] in _GZIP else _DEFLATE
    raise MediaTypeError(
        f"Content-Encoding {header!r} is not read here; send gzip, deflate, or the body as it is"
    )


def unpack(data: bytes, coding: str, book: Callable[[int], None]) -> bytes:
    """Return the body, unpacked part by part.

    Args:
        data: as it was received.
        coding: ``gzip`` or ``deflate``; the latter with zlib's header, as it should be, or without.
        book: is called with the bytes of each part before the next one is unpacked; raises where they are
            too many.

    Raises:
        InvalidInputError: it is not that coding, or is cut off.
    """
    bits = _GZIP_BITS if coding == "gzip" else _ZLIB_BITS if _has_zlib_header(data) else _RAW_BITS
    parts: list[bytes] = []
    streams = 0
    try:
        while data:
            streams += 1
            if streams > _MAX_STREAMS:
                raise InvalidInputError(f"the body is more than {_MAX_STREAMS} streams of {coding}")
            stream = _Stream(data, bits)
            for part in stream:
                book(len(part))
                parts.append(part)
            if not stream.is_whole:
                raise InvalidInputError(f"the body is cut off: its {coding} data do not end")
            data = stream.rest()
    except zlib.error as error:
        raise InvalidInputError(
            f"the body is not {coding}, which its Content-Encoding says: {error}"
        ) from error
    return b"".join(parts)


class _Stream:
    """One stream of compressed data; to iterate over it gives its content in parts."""

    def __init__(self, data: bytes, bits: int) -> None:
        self._data = data
        self._inflate = zlib.decompressobj(bits)
        self._position = 0

    def __iter__(self) -> Iterator[bytes]:
        inflate, waiting = self._inflate, b""
        while not inflate.eof:
            if not waiting:
                waiting = self._data[self._position : self._position + _CHUNK]
                self._position += len(waiting)
            part = inflate.decompress(waiting, _CHUNK)
            if not (part or waiting):
                return
            waiting = inflate.unconsumed_tail
            yield part

    @property
    def is_whole(self) -> bool:
        """True when its end was there."""
        return self._inflate.eof

    def rest(self) -> bytes:
        """Return what follows its end, but for the zeros with which some writers fill up."""
        return (self._inflate.unused_data + self._data[self._position :]).lstrip(b"\0")


def _has_zlib_header(data: bytes) -> bool:
    return data[:1] != b"" and data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
