"""NumPy functions that are gone and have no successor of the same form; patched modules call these."""

from __future__ import annotations

import array
from typing import Any

import numpy as np


def fromstring(
    string: bytes | str, dtype: Any = float, count: int = -1, *, sep: str = "", **others: Any
) -> Any:
    """Read numbers from text where ``sep`` is given; else return a writable copy of the bytes."""
    if sep:
        return np.fromstring(string, dtype=dtype, count=count, sep=sep, **others)
    data = string.encode("latin-1") if isinstance(string, str) else string
    return np.frombuffer(data, dtype=dtype, count=count).copy()


def tostring(value: Any) -> Any:
    """Call ``value.tostring()``; for arrays, which have lost it, ``value.tobytes()``."""
    if isinstance(value, (np.ndarray, np.generic, array.array)):
        return value.tobytes()
    return value.tostring()


def asscalar(value: Any) -> Any:
    """Return the Python number in an array of one element."""
    return value.item()


def msort(value: Any) -> Any:
    """Return a copy that is sorted along the first axis."""
    return np.sort(value, axis=0)
