"""The parts of a form (``multipart/form-data``), within limits that keep its parser from being busy."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from hub.errors import InvalidInputError, PayloadTooLargeError

#: Fields and files of one form; more is an attack on the parser.
MAX_PARTS: Final = 1000
#: Bytes of the headers of all its parts. The parser takes 0.3 s for a megabyte, in which nothing else runs.
MAX_HEADERS: Final = 1 << 18
#: Content from here on does not go through the parser.
LARGE: Final = 4096
#: Bytes that the parser gets at once.
_CHUNK: Final = 1 << 16
_CRLF: Final = b"\r\n"
_BLANK_LINE: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_charsets: Final = MultiPartParser()


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
    """Take a form apart; its fields come before its files.

    Raises:
        InvalidInputError: it cannot be read.  PayloadTooLargeError: it has too many parts, or headers.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    large = _large_contents(data, b"--" + boundary.encode("ascii", "replace"))
    try:
        parts = list(_parts(data, boundary.encode("ascii"), large))
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
    return sorted(parts, key=lambda part: part.filename is not None)


def _reason(error: ValueError, data: bytes, boundary: str) -> str:
    """Say why a form does not end as it should, which the parser tells by the name of its state."""
    if not boundary or "cannot parse beyond" not in str(error):
        return str(error)
    if f"--{boundary}".encode("ascii", "replace") not in data:
        return f"the boundary {boundary!r} of its content type is not in it"
    return "its end is missing, which is the boundary between two hyphens each; it was cut off"


def _parts(data: bytes, boundary: bytes, large: Mapping[int, slice]) -> Iterator[Part]:
    """Yield the parts as they come.

    The parser gets the form without its ``large`` contents. It would copy them several times.
    """
    if not boundary:
        raise ValueError("its content type has no boundary")
    number = -1
    head: Field | File
    content: list[bytes]
    for event in _events(_without(data, large.values()), boundary):
        if isinstance(event, (Field, File)):
            number += 1
            head, content = event, [data[large[number]]] if number in large else []
        elif isinstance(event, Data):
            if event.data:
                content.append(event.data)
            if not event.more_data:
                yield _part(head, b"".join(content))


def _part(head: Field | File, content: bytes) -> Part:
    if isinstance(head, File):
        return Part(head.name or "", content, head.filename)
    return Part(head.name or "", content, charset=_charsets.get_part_charset(head.headers))


def _events(data: bytes, boundary: bytes) -> Iterator[Event]:
    """Yield what the parser tells; it searches what it has quickly only before a boundary is there."""
    decoder = MultipartDecoder(boundary, max_parts=MAX_PARTS)
    chunks = (data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK))
    for chunk in itertools.chain(chunks, (None,)):
        decoder.receive_data(chunk)
        while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
            yield event


def _without(data: bytes, slices: Iterable[slice]) -> bytes:
    view, kept, start = memoryview(data), [], 0
    for each in slices:
        kept.append(view[start : each.start])
        start = each.stop
    return b"".join((*kept, view[start:]))


def _large_contents(data: bytes, delimiter: bytes) -> dict[int, slice]:
    """Return where the large contents of a usual form are, by the number of their part.

    No line of such a content begins with the delimiter. The content ends where one does, or goes on there if
    the parser finds that it does not end the part. From the first unusual part on the parser gets all.

    Raises:
        PayloadTooLargeError: the parts' headers would keep the parser busy.
    """
    start = data.find(delimiter)
    spent = len(data) if start < 0 else start  # what stands before the first part is read as slowly
    large: dict[int, slice] = {}
    is_usual = True
    for number in range(MAX_PARTS):  # of more the parser itself complains
        if start < 0 or spent > MAX_HEADERS or data.startswith(b"--", start + len(delimiter)):
            break
        blank = _BLANK_LINE.search(data, start, start + MAX_HEADERS)
        end = blank.start() if blank else len(data)
        spent += end - start
        is_usual = is_usual and blank is not None and _is_usual(data, start + len(delimiter), blank)
        start = _next_part(data, delimiter, end)
        content = slice(end + len(_CRLF) * 2, start - len(_CRLF))
        if is_usual and content.stop - content.start >= LARGE and data.startswith(_CRLF, content.stop):
            large[number] = content
    if spent > MAX_HEADERS:
        raise PayloadTooLargeError(f"the form's parts have more than {MAX_HEADERS} bytes of headers")
    return large


def _is_usual(data: bytes, end: int, blank: re.Match[bytes]) -> bool:
    """Tell whether the delimiter that ends at ``end`` is a boundary, and its part's headers end as usual."""
    return data.startswith(_CRLF, end) and blank[0] == _CRLF * 2 and blank.start() > end


def _next_part(data: bytes, delimiter: bytes, start: int) -> int:
    """Return the place of the next delimiter that begins a line, -1 for none."""
    for _ in range(MAX_PARTS):
        start = data.find(delimiter, start)
        if start <= 0 or data[start - 1] in b"\r\n":
            return start
        start += 1
    raise InvalidInputError("the form cannot be read: its boundary is within its files; choose another")
