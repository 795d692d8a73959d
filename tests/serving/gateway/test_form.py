"""Forms whose large contents do not go through the parser are read as the parser reads them."""

from __future__ import annotations

import io
import random
import tracemalloc
from typing import Any

import pytest
from werkzeug.formparser import MultiPartParser

from hub.errors import RequestError
from hub.serving.gateway import form

pytestmark = pytest.mark.unit

KIND = "multipart/form-data; boundary=sep"
FIELD = b'--sep\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
FILE = b'--sep\r\nContent-Disposition: form-data; name="b"; filename="f"\r\n\r\n'
END = b"\r\n--sep--\r\n"
LARGE = bytes(range(256)) * (form.LARGE // 256)
#: Pieces that a form may be made of, in any order.
PIECES = (
    *[LARGE, b"\r\n" + FIELD, b"\r\n" + FILE] * 3,
    *[b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"--", b"--sep", b"\r\n--sep", b"\r\n--sepX", b"\n--sep\n"],
    *[b"\r--sep\r", b"\r\n--sep \r\n", b"\r\n--sep--", END, b"\xff\xfe", b"a: b\r\n\r\n"],
    b"\r\n--sep\nContent-Disposition: form-data; name=c\n\n",
    b"\r\n--sep\r\n\r\n",
)


class Whole(MultiPartParser):
    """Werkzeug's parser of whole forms; the bytes of fields stay as they are."""

    def get_part_charset(self, headers: Any) -> str:
        """Return a charset that loses nothing."""
        return "latin-1"


def as_werkzeug_reads(data: bytes) -> list[tuple[str, bytes]] | None:
    try:
        fields, files = Whole(cls=list).parse(io.BytesIO(data), b"sep", len(data))  # type: ignore[arg-type]
    except ValueError:
        return None
    return [(name or "", text.encode("latin-1")) for name, text in fields] + [
        (name or "", file.read()) for name, file in files
    ]


def as_we_read(data: bytes) -> list[tuple[str, bytes]] | None:
    try:
        return [(part.name, part.content) for part in form.read(data, KIND)]
    except RequestError:
        return None


@pytest.mark.parametrize("seed", range(8))
def test_every_form_is_read_as_werkzeug_reads_the_whole_of_it(seed: int) -> None:
    choice = random.Random(seed)
    read = 0
    for _ in range(150):
        pieces = choice.choices(PIECES, k=choice.randrange(12))
        data = b"".join([choice.choice((FIELD, FILE)), *pieces, choice.choice((b"", END, END))])
        expected = as_werkzeug_reads(data)
        read += expected is not None

        assert as_we_read(data) == expected, data
    assert read > 50


@pytest.mark.parametrize(
    "tail",
    [b"", b"\r", b"\n", b"\r\n", b"--sep", b"\r\n--sepX", b"\r\n--sepX" + LARGE, b"\n--sepX", b"\r\n--sep-"],
)
def test_a_large_file_ends_where_its_boundary_is(tail: bytes) -> None:
    (part,) = form.read(FILE + LARGE + tail + END, KIND)

    assert part.content == LARGE + tail


def test_a_large_field_keeps_its_charset() -> None:
    head = FIELD.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n")
    (part,) = form.read(head + b"\xe9" * form.LARGE + END, KIND)

    assert part.text() == "é".encode() * form.LARGE


def test_fields_come_before_files_and_both_in_their_order() -> None:
    parts = (FILE + LARGE, FIELD + b"1", FILE + b"small", FIELD + LARGE)
    found = form.read(b"\r\n".join(parts) + END, KIND)

    assert [part.content for part in found] == [b"1", LARGE, LARGE, b"small"]
    assert [part.filename for part in found] == [None, None, "f", "f"]


def test_a_large_file_is_copied_once() -> None:
    data = FILE + bytes(8_000_000) + END
    tracemalloc.start()
    try:
        form.read(data, KIND)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8_500_000
