"""The parts of a form (``multipart/form-data``), within limits that keep its parser from being busy."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from hub.errors import InvalidInputError, PayloadTooLargeError

#: Fields and files of one form; more is an attack on the parser.
MAX_PARTS: Final = 1000
#: Bytes of the headers of all its parts. The parser takes 0.3 s for a megabyte, in which nothing else runs.
MAX_HEADERS: Final = 1 << 18
_BLANK_LINE: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")


@dataclass(frozen=True)
class Part:
    """A part of a form.

    Attributes:
        name: "" where it has none.
        filename: None where it says nothing of a file; "" where a browser's user chose none.
        charset: of its text, as it says itself, or UTF-8.
    """

    name: str
    content: bytes
    filename: str | None = None
    charset: str = "utf-8"

    def text(self) -> bytes | None:
        """Return its content as text in UTF-8; None where it is not text."""
        try:
            text = self.content.decode(self.charset)
        except UnicodeDecodeError:
            return None
        return text.encode() if self.charset == "iso-8859-1" else self.content


def read(data: bytes, content_type: str) -> list[Part]:
    """Take a form apart.

    Raises:
        InvalidInputError: it cannot be read.  PayloadTooLargeError: it has too many parts, or headers.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    _check_part_headers(data, boundary)
    try:
        return list(_parts(data, boundary.encode("ascii")))
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"the form cannot be read: a part's headers, such as its file's name, are not UTF-8: {error}"
        ) from error
    except ValueError as error:
        reason = _reason(error, data, boundary)
        raise InvalidInputError(f"the form cannot be read: {reason}") from error
    except RequestEntityTooLarge as error:
        raise PayloadTooLargeError(
            f"the form has more than {MAX_PARTS} fields and files; send JSON, or several forms"
        ) from error


def _reason(error: ValueError, data: bytes, boundary: str) -> str:
    """Say why a form does not end as it should, which the parser tells by the name of its state."""
    if not boundary or "cannot parse beyond" not in str(error):
        return str(error)
    if f"--{boundary}".encode("ascii", "replace") not in data:
        return f"the boundary {boundary!r} of its content type is not in it"
    return "its end is missing, which is the boundary between two hyphens each; it was cut off"


class _Parser(MultiPartParser):
    """Leaves the bytes of fields as they are, in Latin-1: a file may have come without a file's name.

    Attributes:
        charsets: what the fields said of themselves, in order.
    """

    def __init__(self) -> None:
        # Lists of pairs where it would make a MultiDict of them: parts stay in order.
        super().__init__(_in_memory, cls=list, max_form_parts=MAX_PARTS)  # type: ignore[arg-type]
        self.charsets: list[str] = []

    def get_part_charset(self, headers: Headers) -> str:
        """Note the charset, and return one that loses nothing."""
        self.charsets.append(super().get_part_charset(headers))
        return "latin-1"


def _parts(data: bytes, boundary: bytes) -> Iterator[Part]:
    if not boundary:
        raise ValueError("its content type has no boundary")
    parser = _Parser()
    fields: Any
    files: Any
    fields, files = parser.parse(io.BytesIO(data), boundary, len(data))
    for (name, text), charset in zip(fields, parser.charsets, strict=True):
        yield Part(name or "", text.encode("latin-1"), charset=charset)
    for name, file in files:
        yield Part(name or "", file.read(), file.filename or "")


def _in_memory(*_: Any, **__: Any) -> IO[bytes]:
    """Make the place for a file of a form: the body is in memory already, so nothing goes to disk."""
    return io.BytesIO()


def _check_part_headers(data: bytes, boundary: str) -> None:
    """Raise PayloadTooLargeError for a form whose headers would keep the parser busy."""
    delimiter = b"--" + boundary.encode("ascii", "replace")
    start = data.find(delimiter)
    spent = len(data) if start < 0 else start  # what stands before the first part is read as slowly
    for _ in range(MAX_PARTS):  # of more the parser itself complains
        if start < 0 or spent > MAX_HEADERS or data.startswith(b"--", start + len(delimiter)):
            break
        blank = _BLANK_LINE.search(data, start, start + MAX_HEADERS)
        end = blank.start() if blank else len(data)
        spent += end - start
        start = _next_part(data, delimiter, end)
    if spent > MAX_HEADERS:
        raise PayloadTooLargeError(f"the form's parts have more than {MAX_HEADERS} bytes of headers")


def _next_part(data: bytes, delimiter: bytes, start: int) -> int:
    """Return the place of the next delimiter that begins a line, -1 for none."""
    for _ in range(MAX_PARTS):
        start = data.find(delimiter, start)
        if start <= 0 or data[start - 1] in b"\r\n":
            return start
        start += 1
    raise InvalidInputError("the form cannot be read: its boundary is within its files; choose another")
