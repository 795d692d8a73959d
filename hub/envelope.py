"""The one JSON reply that every predict answer has: ``{"msg", "results", "status"}``.

Success carries ``"status": "0"``, which the documents of PaddleHub Serving show, or ``"000"``, which
its 2.x code sent, by ``status_style``. Text is UTF-8, not escaped. Standard library, and orjson where
it is installed (a runner in a module's own environment may not have it).

A text that comes in may be all that ``json.loads`` reads: NaN and lone surrogates too.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final, Literal

try:
    import orjson
except ImportError:  # a module's own environment
    orjson = None  # type: ignore[assignment]

StatusStyle = Literal["1.x", "2.x"]
#: A text that only the standard library reads may have so many bytes: it takes ten times as long.
TOLERANT_BYTES: Final = 1_000_000
#: NaN and infinity, also a number of so large an exponent; half of a surrogate pair, escaped or not; the byte
#: order mark.
_BEYOND_ORJSON = re.compile(
    rb"NaN|Infinity|[0-9][eE]\+?[0-9]{3}|\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|\A\xef\xbb\xbf"
)
SUCCESS_STATUS: dict[StatusStyle, str] = {"1.x": "0", "2.x": "000"}


def dumps(value: Any) -> bytes:
    """Encode a module's result as UTF-8 JSON.

    NumPy arrays become lists, NumPy scalars numbers, bytes base64 text, NaN and infinity null, dates
    ISO 8601, sets and other iterables lists, paths text.

    Raises:
        TypeError: a value has no sensible JSON form; the message names its type.
    """
    if orjson is not None:
        options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        try:
            return orjson.dumps(value, default=_simplify, option=options)
        except orjson.JSONEncodeError:
            pass  # beyond its reach (a 100-digit integer, say): the slower way below decides
    plain = _plain(value)
    try:
        return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair, for which JSON has an escape and UTF-8 nothing
        return json.dumps(plain, allow_nan=False).encode()


def dumps_exactly(value: Any) -> bytes:
    """Encode what ``loads`` gave so that it gives the same again: NaN and infinity are not JSON's.

    Raises:
        TypeError: as ``dumps``.  RecursionError: it is nested too deeply.
    """
    return json.dumps(value, default=_simplify, separators=(",", ":")).encode()


def loads(data: bytes | bytearray | memoryview, *, trusted: bool = False) -> Any:
    """Decode JSON, and all else that ``json.loads`` reads in UTF-8.

    Args:
        data: the text; what is not JSON by the standard may have 1 MB.
        trusted: its writer has seen to that, so it may have more.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return _strictly(data)
    except ValueError as error:
        if len(data) > TOLERANT_BYTES and not trusted:  # not searched either: that takes as long
            raise ValueError(f"{error} (NaN and lone surrogates are read in texts of up to 1 MB)") from error
        if _BEYOND_ORJSON.search(data) is None:
            raise
    try:
        return json.loads(bytes(data))
    except RecursionError as error:
        raise ValueError("lists and objects are nested too deeply") from error


def _strictly(data: bytes | bytearray | memoryview) -> Any:
    try:
        return orjson.loads(data) if orjson is not None else json.loads(bytes(data))
    except RecursionError as error:
        raise ValueError("lists and objects are nested too deeply") from error


def success(results: bytes, msg: str = "", style: StatusStyle = "1.x") -> bytes:
    """Envelope around results that are JSON already; keys in the order PaddleHub sent them."""
    head, tail = around(msg, style)
    return b"%b%b%b" % (head, results, tail)


def around(msg: str = "", style: StatusStyle = "1.x") -> tuple[bytes, bytes]:
    """Return the parts of ``success`` before and behind the results, which may then be sent in pieces."""
    return b'{"msg":%b,"results":' % dumps(msg), b',"status":"%b"}' % SUCCESS_STATUS[style].encode()


def taken_apart(data: bytes) -> tuple[bytes, str]:
    """Return ``results`` and ``msg`` of what ``success`` wrote; ``results`` as they are, to the last digit.

    Raises:
        ValueError: it is something else.
    """
    found = loads(data, trusted=True)
    msg = found.get("msg") if isinstance(found, dict) else None
    head, tail = b'{"msg":%b,"results":' % dumps(msg), data.rfind(b',"status":')
    if not isinstance(msg, str) or not data.startswith(head) or tail < len(head):
        raise ValueError("it is not an envelope of results")
    return data[len(head) : tail], msg


def failure(msg: str, status: str) -> bytes:
    """Envelope of an error: ``results`` is the empty string, as old clients expect."""
    return b'{"msg":%b,"results":"","status":"%b"}' % (dumps(msg), status.encode())


def stream_success(msg: str = "", style: StatusStyle = "1.x") -> bytes:
    """Last line of a stream that is whole; ``msg`` only where there are remarks."""
    remarks = b'"msg":%b,' % dumps(msg) if msg else b""
    return b'{%b"status":"%b"}' % (remarks, SUCCESS_STATUS[style].encode())


def stream_failure(msg: str, status: str, kind: str) -> bytes:
    """Last line of a stream that broke off: the envelope of the error, and in ``error`` its class.

    (Other replies have the class in the header X-Hub-Error, which here is sent before the error happens.)
    """
    return b'%b,"error":%b}' % (failure(msg, status)[:-1], dumps(kind))


def _simplify(value: Any) -> Any:
    """Take one step towards JSON with a value that the encoder does not know."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "model_dump"):  # a pydantic model
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):  # a NumPy array or scalar, a Paddle tensor
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, complex) or not hasattr(value, "__iter__"):
        raise TypeError(f"a value of type {type(value).__name__} has no JSON form")
    return list(value)


def _plain(value: Any) -> Any:
    """Do the same by the standard library: copy a value into JSON's own types."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _plain(_simplify(value))
