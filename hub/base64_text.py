"""Base64 as people send it: spellings with one meaning are read, what lost something on its way is named."""

from __future__ import annotations

import binascii
import re
import string
from typing import Any, Final

from hub.errors import InvalidInputError
from hub.json_words import shown

try:
    import pybase64
except ImportError:  # a module's own environment
    pybase64 = None  # type: ignore[assignment]

_BLANKS: Final = string.whitespace.encode()
#: The characters of base64 and of a data URI as percent-encoding and a second round of escapes write them.
_ESCAPES: Final = (
    *((b"%%%02X" % code, bytes([code])) for code in b"+/=:;,\r\n "),
    *((b"%%%02x" % code, bytes([code])) for code in b"+/=:;,\r\n "),
    (b"\\r", b""),
    (b"\\n", b""),
    (b"\\/", b"/"),
)
#: Of random bytes in base64 one character in 32 is `+` or `/`; a text with many more escapes is not base64.
_SHARE: Final = 16
_FEW: Final = 100
#: Blanks beside a line break; linear in time, since a run of blanks is looked at once.
_INDENTS: Final = re.compile(rb"(?<![ \t])[ \t]++(?=[\r\n])|(?<=[\r\n])[ \t]++")
#: So many lines with blanks at their ends are joined, 8 MB of base64: nothing else runs meanwhile.
_MAX_LINES: Final = 100_000
#: A text without padding that is shorter is more likely no base64 at all.
_SHORTEST_UNPADDED: Final = 16
#: The beginnings of JPEG, PNG, GIF, WebP, PDF, TIFF and BMP, in base64 and in hexadecimal.
_FILE: Final = r"(?:/9j/|iVBORw0KGgo|R0lGOD|UklGR|JVBERi0|SUkqAA|TU0AKg|Qk[0-3])"
_HEX: Final = re.compile(
    r"(?:0x)?(?:ffd8ff|89504e47|47494638|52494646|25504446|49492a00|4d4d002a|424d)[0-9a-f]*\Z",
    re.IGNORECASE,
)
_TWICE: Final = re.compile(rf"(?:data:image/|{_FILE}[A-Za-z0-9+/=\r\n]*\Z)".encode())
_OF_FILE: Final = re.compile(rf"\s*(?:b?['\"])?(?:data(?::|%3a)|{_FILE})", re.IGNORECASE)
_ALPHABETS: Final = (string.ascii_letters + string.digits + "+/-_=").encode()
_ADDRESS: Final = re.compile(r"\s*(?:https?|ftp|file|s3)://", re.IGNORECASE)
_FILE_NAME: Final = re.compile(
    r"[^\n]{1,250}\.(?:jpe?g|jfif|png|gif|webp|bmp|tiff?|pdf|heic|avif)\s*\Z", re.IGNORECASE
)
#: So much of a text tells what it is; can be divided by 4.
_BEGINNING: Final = 200


def decode(text: Any, where: str) -> bytes:
    """Decode base64 text.

    A data URI's prefix, the url-safe alphabet (also without padding), line breaks, white space at the ends,
    quotes or Python's ``b'…'`` around it and percent-encoding are read.

    Args:
        text: the text; bytes are not.
        where: says in messages which value it is.

    Raises:
        InvalidInputError: no text, empty, not base64, hexadecimal, base64 twice, or with a blank inside,
            which was a ``+`` once.
    """
    if not isinstance(text, str):
        raise InvalidInputError(f"{where} must be base64 text, not {shown(text)}")
    if _is_hexadecimal(text):
        raise InvalidInputError(f"{where} is hexadecimal; send base64")
    plain = text.partition(",")[2] if text.startswith("data:") else text
    if "-" in plain or "_" in plain:
        plain = plain.replace("-", "+").replace("_", "/")
    try:
        data = _strict(plain)
    except ValueError:
        data = _repaired(text, where)
    if not data:
        raise InvalidInputError(f"{where} is empty")
    if _TWICE.match(data[:_BEGINNING]):
        raise InvalidInputError(f"{where} is base64 of base64; encode the file once")
    return data


def is_of_file(text: str) -> bool:
    """Tell whether a text begins as a data URI or as base64 (or hexadecimal) of an image or a PDF does."""
    if _OF_FILE.match(text) or _is_hexadecimal(text):
        return True
    try:
        return _TWICE.match(_strict(text[:_BEGINNING])) is not None
    except ValueError:
        return False


def is_file_name(text: str) -> bool:
    """Tell whether a text ends like the name of a picture's or a PDF's file."""
    return _FILE_NAME.match(text) is not None


def _is_hexadecimal(text: str) -> bool:
    return _HEX.match("".join(text[:_BEGINNING].split())) is not None


def _strict(text: str | bytes) -> bytes:
    """Decode what is base64 and nothing else; raises ValueError."""
    if pybase64 is not None:  # tens of times faster than binascii
        return pybase64.b64decode(text, validate=True)
    return binascii.a2b_base64(text, strict_mode=True)  # type: ignore[unreachable]


def _repaired(text: str, where: str) -> bytes:
    """Decode after everything around the base64, and everything that means nothing in it, is taken away."""
    _refuse_other_text(text, where)
    data = text.encode().strip(_BLANKS)
    if 0 < data.count(b"%") + data.count(b"\\") <= max(_FEW, len(data) // _SHARE):
        for escape, meant in _ESCAPES:
            data = data.replace(escape, meant)
    data = _joined(_without_head(_unquoted(data), where).strip(_BLANKS), where)
    strange = data.translate(None, _ALPHABETS)[:1]
    if strange:
        raise InvalidInputError(f"{where} is not base64: it has the character {chr(strange[0])!r}")
    is_standard = b"+" in data or b"/" in data
    data = data.translate(bytes.maketrans(b"-_", b"+/"))
    if len(data) % 4:
        if len(data) < _SHORTEST_UNPADDED or is_standard or len(data) % 4 == 1 or b"=" in data:
            raise InvalidInputError(
                f"{where} is not base64: its {len(data)} characters cannot be divided by 4; it was cut "
                "off, or its `=` are missing"
            )
        data += b"=" * (-len(data) % 4)
    try:
        return _strict(data)
    except ValueError as error:
        raise InvalidInputError(f"{where} is not base64: `=` stands at its end alone") from error


def _refuse_other_text(text: str, where: str) -> None:
    """Raise InvalidInputError for what stands for a file, and for a character beyond ASCII."""
    if _ADDRESS.match(text):
        raise InvalidInputError(f"{where} is an address, not base64: send the file itself")
    if is_file_name(text):
        raise InvalidInputError(f"{where} is the name of a file, not base64: send what is in the file")
    if not text.isascii():
        strange = next(character for character in text if not character.isascii())
        raise InvalidInputError(f"{where} is not base64: it has the character {strange!r}")


def _unquoted(data: bytes) -> bytes:
    """Return what is between quotes, also those of Python's ``b'…'``."""
    start = 1 if data[:1] in (b"b", b"B") and data[1:2] in (b"'", b'"') else 0
    quote = data[start : start + 1]
    if quote in (b"'", b'"') and len(data) > start + 1 and data.endswith(quote):
        return data[start + 1 : -1].strip(_BLANKS)
    return data


def _without_head(data: bytes, where: str) -> bytes:
    """Return what a data URI holds; raises InvalidInputError where that is not base64."""
    if data[:5].lower() != b"data:":
        return data
    head, _, data = data.partition(b",")
    if b"%" in data and b";base64" not in head.lower():
        raise InvalidInputError(f"{where} is a data URI without base64: encode the file in base64")
    return data


def _joined(data: bytes, where: str) -> bytes:
    """Join the lines; raises InvalidInputError for a blank inside one of them."""
    if b" " in data:
        data = _INDENTS.sub(b"", data, count=_MAX_LINES)
        if b" " in data:
            raise InvalidInputError(
                f"{where} is not base64: it has a blank inside, which was a `+` before it was decoded as a "
                "part of a URL or form. Write `+` as %2B there, or use the url-safe alphabet"
            )
    return data.translate(None, _BLANKS)
