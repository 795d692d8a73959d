"""JSON text in the encodings that ``json.loads`` reads, brought to UTF-8 before its values are counted."""

from __future__ import annotations

import codecs
import json

from hub import envelope
from hub.errors import NotJSONError

_UTF_8 = ("utf-8", "utf-8-sig")


def as_utf8(text: bytes) -> bytes:
    """Return a JSON text as UTF-8 without a byte order mark.

    Raises:
        NotJSONError: it is UTF-16 or UTF-32 and not valid, or longer than what is read in these.
    """
    if text[:1] == b"{" and text[1:2] != b"\0":  # nearly all; only 16 bits or more leave a zero there
        return text
    if text.startswith(codecs.BOM_UTF8):
        return text[len(codecs.BOM_UTF8) :]
    encoding = json.detect_encoding(text)
    if encoding in _UTF_8:
        return text
    if len(text) > envelope.TOLERANT_BYTES:
        raise NotJSONError(
            f"the body is {encoding.upper()}, which is read up to {envelope.TOLERANT_BYTES // 1_000_000} MB; "
            "send UTF-8"
        )
    try:
        # Half a surrogate pair is for the parser, which reads it in UTF-8 as well.
        return text.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise NotJSONError(f"the body is not JSON: {error}") from error
