"""Tensors of the Open Inference Protocol: from JSON values, raw bytes or typed lists, and back.

A BYTES tensor's raw form is each element with its length in front (u32, little endian); a numeric one's is
its array in row-major order, little endian.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pybase64

from hub.errors import InvalidInputError, PayloadTooLargeError

Array = npt.NDArray[Any]

BYTES: Final = "BYTES"
#: BF16 has no NumPy type of its own; it is the upper half of a float32.
BF16: Final = "BF16"
NUMERIC: Final[dict[str, np.dtype[Any]]] = {
    "BOOL": np.dtype("?"),
    **{f"UINT{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    BF16: np.dtype("<f4"),
}
_LENGTH = struct.Struct("<I")
_MAX_RANK = 16
#: Elements of a BYTES tensor: each becomes an object of Python, forty bytes at least.
MAX_ELEMENTS: Final = 1_000_000


@dataclass(frozen=True)
class Tensor:
    """``data``: the elements of a BYTES tensor in row-major order, or an array of the tensor's shape."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[bytes] | Array

    def raw(self) -> bytes:
        """Return the binary form."""
        if isinstance(self.data, list):
            return b"".join(part for item in self.data for part in (_LENGTH.pack(len(item)), item))
        if self.datatype == BF16:
            return (self.data.view(np.uint32) >> 16).astype("<u2").tobytes()
        return self.data.tobytes()

    def json_values(self) -> list[Any]:
        """Return the elements as JSON has them, flat; bytes that are not UTF-8 become base64."""
        if isinstance(self.data, list):
            return [_text(item) for item in self.data]
        values: list[Any] = self.data.reshape(-1).tolist()
        return values


def check(name: Any, datatype: Any, shape: Any) -> tuple[str, str, tuple[int, ...]]:
    """Check the three that every tensor has; raises InvalidInputError."""
    if not isinstance(name, str) or not name:
        raise InvalidInputError("each input needs a name")
    if datatype != BYTES and datatype not in NUMERIC:
        raise InvalidInputError(
            f"input {name!r}: datatype {datatype!r} is not known; there are {BYTES}, {', '.join(NUMERIC)}"
        )
    if not isinstance(shape, Iterable) or isinstance(shape, (str, bytes)):
        raise InvalidInputError(f"input {name!r}: shape must be a list of whole numbers, not {shape!r}")
    sizes = tuple(shape)
    if len(sizes) > _MAX_RANK or not all(type(size) is int and size >= 0 for size in sizes):
        raise InvalidInputError(f"input {name!r}: shape must be a list of whole numbers, not {list(sizes)}")
    return name, str(datatype), sizes


def most_elements(datatype: str, size: int) -> int:
    """Return a number that the elements in so many bytes of binary form do not exceed."""
    return size // _LENGTH.size if datatype == BYTES else size


def json_values(datatype: str, shape: tuple[int, ...], most: int) -> int:
    """Return what elements count for ``max_json_values``; four numbers take as much memory as a value.

    There are ``most`` at most: a shape alone may say anything.
    """
    elements = min(math.prod(shape), most)
    return elements if datatype == BYTES else -(-elements // 4)


def from_raw(name: str, datatype: str, shape: tuple[int, ...], raw: bytes | memoryview) -> Tensor:
    """Read the binary form; raises InvalidInputError where shape and bytes do not agree."""
    if datatype == BYTES:
        wanted = math.prod(shape)
        if wanted > MAX_ELEMENTS:
            raise PayloadTooLargeError(
                f"input {name!r}: a {BYTES} tensor has {MAX_ELEMENTS} elements at most, not {wanted}"
            )
        elements = list(itertools.islice(_elements(name, memoryview(raw)), wanted + 1))
        if len(elements) > wanted:
            raise InvalidInputError(
                f"input {name!r}: shape {list(shape)} means {wanted} elements, there are more"
            )
        _expect(name, shape, len(elements), "elements")
        return Tensor(name, datatype, shape, elements)
    stored = np.dtype("<u2") if datatype == BF16 else NUMERIC[datatype]
    wanted = math.prod(shape) * stored.itemsize
    if wanted != len(raw):
        raise InvalidInputError(
            f"input {name!r}: {datatype} of shape {list(shape)} takes {wanted} bytes, not {len(raw)}"
        )
    array = np.frombuffer(raw, stored)
    if datatype == BF16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return Tensor(name, datatype, shape, array.reshape(shape))


def from_values(name: str, datatype: str, shape: tuple[int, ...], values: Any) -> Tensor:
    """Take values, flat or nested, as JSON has them (or bytes); raises InvalidInputError."""
    flat = list(_flat(values)) if isinstance(values, list) else [values]
    _expect(name, shape, len(flat), "values")
    if datatype == BYTES:
        return Tensor(name, datatype, shape, [_bytes(name, value) for value in flat])
    if not all(isinstance(value, (int, float)) for value in flat):
        raise InvalidInputError(f"input {name!r}: the data of a {datatype} tensor must be numbers")
    try:
        array = np.array(flat, NUMERIC[datatype])
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(f"input {name!r}: not {datatype}: {error}") from error
    return Tensor(name, datatype, shape, array.reshape(shape))


def numeric_tensor(name: str, value: Any) -> Tensor | None:
    """Return BOOL, INT64 or FP64 for a number or a rectangular list of numbers, else None."""
    try:
        array = np.array(value)
    except (ValueError, OverflowError):  # ragged
        return None
    kinds = {"b": "BOOL", "i": "INT64", "f": "FP64"}
    if array.dtype.kind not in kinds or not array.size:
        return None
    datatype = kinds[array.dtype.kind]
    array = np.ascontiguousarray(np.atleast_1d(array), NUMERIC[datatype])
    return Tensor(name, datatype, array.shape, array)


def _elements(name: str, raw: memoryview) -> Iterable[bytes]:
    position = 0
    while position < len(raw):
        start = position + _LENGTH.size
        if start > len(raw):
            raise InvalidInputError(f"input {name!r}: the last element's length is cut off")
        (length,) = _LENGTH.unpack(raw[position:start])
        position = start + length
        if position > len(raw):
            raise InvalidInputError(
                f"input {name!r}: an element of {length} bytes is announced, {len(raw) - start} are there"
            )
        yield bytes(raw[start:position])


def _flat(values: list[Any]) -> Iterable[Any]:
    stack = [iter(values)]
    while stack:
        for value in stack[-1]:
            if isinstance(value, list):
                stack.append(iter(value))
                break
            yield value
        else:
            stack.pop()


def _expect(name: str, shape: tuple[int, ...], found: int, what: str) -> None:
    if math.prod(shape) != found:
        raise InvalidInputError(
            f"input {name!r}: shape {list(shape)} means {math.prod(shape)} {what}, there are {found}"
        )


def _bytes(name: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise InvalidInputError(f"input {name!r}: the data of a BYTES tensor must be text")
    return value.encode()


def _text(item: bytes) -> str:
    try:
        return item.decode()
    except UnicodeDecodeError:
        return pybase64.b64encode_as_string(item)
