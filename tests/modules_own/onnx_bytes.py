"""Writes small ONNX models without the package ``onnx``: a few fields of protobuf are enough."""

from __future__ import annotations

from typing import Any

import numpy as np

_TYPES = {np.dtype(np.float32): 1, np.dtype(np.int64): 7}


def model(
    nodes: list[tuple[str, list[str], str, dict[str, int]]],
    inputs: dict[str, list[int | str]],
    output: str,
    constants: dict[str, Any] | None = None,
) -> bytes:
    """A float32 graph of ``(operator, inputs, output, integer attributes)``; a dimension may be a name."""
    graph = b"".join(_field(1, _node(*node)) for node in nodes) + _field(2, "tiny")
    for name, value in (constants or {}).items():
        array = np.asarray(value)
        dims = b"".join(_field(1, size) for size in array.shape)
        graph += _field(
            5, dims + _field(2, _TYPES[array.dtype]) + _field(8, name) + _field(9, array.tobytes())
        )
    for name, shape in inputs.items():
        dims = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
        graph += _field(11, _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims))))
    graph += _field(12, _field(1, output) + _field(2, _field(1, _field(1, 1))))
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def _node(operator: str, inputs: list[str], output: str, attributes: dict[str, int]) -> bytes:
    described = b"".join(
        _field(5, _field(1, name) + _field(3, value) + _field(20, 2)) for name, value in attributes.items()
    )
    names = b"".join(_field(1, name) for name in inputs)
    return names + _field(2, output) + _field(4, operator) + described


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while True:
        value, rest = value >> 7, value & 127
        encoded.append(rest | (128 if value else 0))
        if not value:
            return bytes(encoded)
