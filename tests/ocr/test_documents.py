from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.checkpoint import wanted_while
from hub.errors import AbandonedError, InvalidInputError
from hub.ocr.documents import open_document
from hub.pictures import frames
from hub.pictures.documents import PDF_SCALE, pdf_scale
from tests.ocr.pdfs import written
from tests.pictures.drawn import several
from tests.serving.pictures import encode, plain

pytestmark = pytest.mark.unit

LIMIT = 1_000_000
#: Encrypted (RC4, 40 bits) with a password that is not empty: no key fits these entries.
WITH_PASSWORD = written(
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [] /Count 0 >>",
).replace(
    b"/Root 1 0 R",
    b"/Root 1 0 R /ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 "
    b"/O <" + b"11" * 32 + b"> /U <" + b"22" * 32 + b"> >>",
)


def tiff(*sizes: tuple[int, int]) -> bytes:
    first, *others = [plain(*size, colour=(9, 60 * number, 200)) for number, size in enumerate(sizes)]
    return encode(first, "TIFF", save_all=True, append_images=others)


def test_an_image_is_one_page_in_bgr() -> None:
    with open_document(encode(plain(30, 20, colour=(200, 100, 50))), "image", LIMIT) as document:
        assert (document.kind, document.total) == ("image", 1)
        assert document.page(0).shape == (20, 30, 3)
        assert document.page(0)[0, 0].tolist() == [50, 100, 200]


def test_pages_of_a_tiff_are_read_in_any_order() -> None:
    with open_document(tiff((30, 20), (40, 10), (50, 5)), "image", LIMIT) as document:
        assert (document.kind, document.total) == ("tiff", 3)
        assert [document.page(number).shape for number in (2, 0, 1)] == [(5, 50, 3), (20, 30, 3), (10, 40, 3)]
        assert document.page(1)[0, 0].tolist() == [200, 60, 9]


def test_large_pages_of_a_tiff_are_read_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_LARGE_PAGE", 30 * 20)
    with open_document(tiff((30, 20), (40, 10), (50, 5)), "image", LIMIT) as document:
        assert [document.page(number).shape[1] for number in (2, 0, 1, 1)] == [50, 30, 40, 40]


def test_a_large_page_of_a_tiff_is_refused_when_it_is_reached() -> None:
    with open_document(tiff((30, 20), (2000, 600)), "image", LIMIT) as document:
        document.page(0)
        with pytest.raises(InvalidInputError, match="Page 2: Image pixel count 1200000"):
            document.page(1)


def test_a_tiff_whose_pages_point_in_a_circle_ends() -> None:
    data = bytearray(tiff((3, 2), (3, 2)))
    first = page = int.from_bytes(data[4:8], "little")
    while page:  # after a page's entries of 12 bytes comes the offset of the next page; 0 ends the file
        link = page + 2 + 12 * int.from_bytes(data[page : page + 2], "little")
        page = int.from_bytes(data[link : link + 4], "little")
    data[link : link + 4] = first.to_bytes(4, "little")

    with open_document(bytes(data), "image", LIMIT) as document:
        assert document.total == 2


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"II\x2a\x00", b"II\x2a\x00" + b"\xff" * 60, tiff((30, 20), (30, 20))[:200]]
)
def test_what_is_no_image_is_an_invalid_input_file(data: bytes) -> None:
    with (
        pytest.raises(InvalidInputError, match="Invalid input file"),
        open_document(data, "image", LIMIT) as document,
    ):
        document.page(document.total - 1)


def test_what_fails_while_it_is_open_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="mine"), open_document(tiff((3, 2), (3, 2)), "image", LIMIT):
        raise ValueError("mine")


@pytest.fixture
def pdf(tmp_path: Path) -> bytes:
    """Two pages of 72 × 36 and 36 × 36 points, all blue."""
    pytest.importorskip("pypdfium2")
    first, second = plain(144, 72, colour=(0, 0, 255)), plain(72, 72, colour=(0, 0, 255))
    return encode(first, "PDF", save_all=True, append_images=[second], resolution=144)


def test_a_pdf_is_rendered_at_144_dots_per_inch(pdf: bytes) -> None:
    with open_document(pdf, "pdf", LIMIT) as document:
        assert (document.kind, document.total) == ("pdf", 2)
        assert [document.page(number).shape for number in (1, 0)] == [(72, 72, 3), (72, 144, 3)]
        assert np.abs(document.page(0)[36, 36].astype(int) - [255, 0, 0]).max() < 10


def test_a_pdf_that_is_none_is_an_invalid_input_file(pdf: bytes) -> None:
    for data in (b"", b"%PDF-1.7\n", pdf[: len(pdf) // 3]):
        with pytest.raises(InvalidInputError, match="Invalid input file"), open_document(data, "pdf", LIMIT):
            pass


def test_a_page_that_is_too_large_is_rendered_smaller() -> None:
    assert pdf_scale(595, 842, max_pixels=10_000_000) == PDF_SCALE
    scale = pdf_scale(14_400, 14_400, max_pixels=10_000_000)
    assert 0.9 * 10_000_000 < (14_400 * scale) ** 2 <= 10_000_000


def test_a_page_that_is_too_large_at_any_scale_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="has 100000 × 100000 pixels"):
        pdf_scale(1e6, 1e6, max_pixels=10_000_000)
    with pytest.raises(InvalidInputError, match="it has no size"):
        pdf_scale(0, 100, max_pixels=10_000_000)


def with_strip(data: bytes, rows: int) -> bytes:
    """A TIFF whose first directory claims that many rows for a strip."""
    changed = bytearray(data)
    start = int.from_bytes(changed[4:8], "little")
    for number in range(int.from_bytes(changed[start : start + 2], "little")):
        entry = start + 2 + 12 * number
        if int.from_bytes(changed[entry : entry + 2], "little") == 278:  # RowsPerStrip
            changed[entry : entry + 12] = struct.pack("<HHII", 278, 4, 1, rows)
    return bytes(changed)


@pytest.mark.parametrize("sizes", [[(30, 20)], [(30, 20), (30, 20)]])
def test_a_tiff_with_a_strip_far_larger_than_the_page_is_refused(sizes: list[tuple[int, int]]) -> None:
    data = with_strip(tiff(*sizes), 1_000_000)
    with (
        open_document(data, "image", LIMIT) as document,
        pytest.raises(InvalidInputError, match="Image pixel count 30000000"),
    ):
        document.page(0)


def test_pages_stop_when_nobody_waits_for_them() -> None:
    pages = iter([True, False])
    with wanted_while(lambda: next(pages)), open_document(tiff((3, 2), (3, 2)), "image", LIMIT) as document:
        document.page(0)
        with pytest.raises(AbandonedError):
            document.page(1)


def test_frames_of_an_animation_that_differ_are_pages_like_those_of_a_tiff() -> None:
    red, blue = plain(colour=(200, 0, 0)), plain(colour=(0, 0, 200))
    data = several(red, red, blue, kind="WEBP", duration=[1, 2, 3], lossless=True, minimize_size=False)
    with open_document(data, "image", LIMIT) as document:
        assert (document.kind, document.total) == ("tiff", 2)
        assert document.page(1)[0, 0].tolist() == [200, 0, 0]


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"%PDF-1.7 and more", "image", "this is a PDF: fileType 0"),
        (encode(plain()), "pdf", "this is a PNG: fileType 1"),
        (encode(plain(), "TIFF"), "pdf", "this is a TIFF: fileType 1"),
        (b"some text", "pdf", "this is not a PDF, it is text: send the bytes of a picture file"),
        (bytes(40), "pdf", "this is not a PDF, its format is not known"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "image", "it is an MP4 video: send single frames"),
        (b"8BPS\0\1", "image", "it is a PSD: convert it to PNG or JPEG"),
        (b"II\x2a\x00" + b"\xff" * 60, "image", "it is a TIFF that is damaged or cut off"),
        (encode(plain(300, 200), "JPEG")[:-60], "image", "it is a JPEG that is damaged or cut off"),
        (b"%PDF-1.7\n", "pdf", "it is a PDF that is damaged or cut off"),
    ],
)
def test_an_error_says_what_the_file_is_and_what_to_do(data: bytes, kind: Any, said: str) -> None:
    with (
        pytest.raises(InvalidInputError, match=f"^Invalid input file: {said}"),
        open_document(data, kind, LIMIT) as document,
    ):
        document.page(0)


def test_a_pdf_with_a_password_says_so_also_after_other_files() -> None:
    for data in (b"%PDF-1.7\n", WITH_PASSWORD, b"%PDF-1.7\n"):
        said = "a password is needed" if data == WITH_PASSWORD else "it is a PDF that is damaged"
        with pytest.raises(InvalidInputError, match=said), open_document(data, "pdf", LIMIT):
            pass
