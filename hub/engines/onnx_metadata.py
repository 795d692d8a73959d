"""What an ``.onnx`` file says of itself, read without any engine.

An ONNX file is one protobuf message. ``metadata_props`` is its field 14: messages of a key (1) and a value
(2). All other fields, the graph with its weights among them, are skipped by their length.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.errors import ModelNotFoundError

_METADATA: Final = 14
_KEY: Final = 1
_VALUE: Final = 2
#: Protobuf's wire types: a number of 7-bit bytes, 8 bytes, a length and so many bytes, 4 bytes.
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def read_metadata(path: Path) -> dict[str, str]:
    """The file's metadata, key to value.

    Raises:
        ModelNotFoundError: the file cannot be read, or is not a protobuf message.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            entries = [bytes(content[a:b]) for field, a, b in _fields(content) if field == _METADATA]
        return dict(_entry(each) for each in entries)
    except (OSError, ValueError, IndexError) as error:
        raise ModelNotFoundError(f"{path} cannot be read as an ONNX model: {error}") from error


def _entry(message: bytes) -> tuple[str, str]:
    values = {field: message[a:b].decode("utf-8") for field, a, b in _fields(message)}
    return values.get(_KEY, ""), values.get(_VALUE, "")


def _fields(message: bytes | mmap.mmap) -> Iterator[tuple[int, int, int]]:
    """Number, first and end offset of each field of a message."""
    position = 0
    while position < len(message):
        tag, position = _number(message, position)
        wire = tag & 7
        end = position
        if wire == _VARINT:
            _, end = _number(message, position)
        elif wire == _BYTES:
            length, position = _number(message, position)
            end = position + length
        elif wire in (_EIGHT, _FOUR):
            end = position + (8 if wire == _EIGHT else 4)
        else:
            raise ValueError(f"there is no wire type {wire}")
        if end > len(message):
            raise ValueError("it is cut short")
        yield tag >> 3, position, end
        position = end


def _number(message: bytes | mmap.mmap, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
