"""Which pages of a file are read, and what is said of the others."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from hub.errors import InvalidInputError, PayloadTooLargeError
from hub.pictures.decode import decoded
from hub.pictures.pages import Asked, Pages, Reader, checked
from tests.pictures.drawn import several
from tests.serving.pictures import encode, plain

pytestmark = pytest.mark.unit


def numbered(count: int, kind: str = "TIFF") -> bytes:
    """Pages or frames that differ."""
    pages = [
        plain(30 + (number if kind == "TIFF" else 0), 20, colour=(9 * number, 0, 0))
        for number in range(count)
    ]
    return several(*pages, kind=kind, **({} if kind == "TIFF" else {"duration": 100, "lossless": True}))


def pdf(count: int) -> bytes:
    pages = [plain(72, 36) for _ in range(count)]
    return encode(pages[0], "PDF", save_all=True, append_images=pages[1:])


def read(*files: bytes, asked: Asked = None, **options: Any) -> tuple[list[Any], Reader]:
    reader = Reader(asked, **{"reads_documents": True, "default": 10, **options})
    return [reader.read(data, f"images[{number}]") for number, data in enumerate(files)], reader


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG", "AVIF"])
def test_each_page_or_frame_of_a_picture_is_read(kind: str) -> None:
    (found,), reader = read(numbered(3, kind))
    assert found.numbers == (0, 1, 2)
    assert [int(page[9, 9, 2]) // 9 for page in found.images] == pytest.approx([0, 1, 2], abs=1)
    assert reader.notes == []


def test_each_page_of_a_pdf_is_read_and_one_page_is_counted_too() -> None:
    found, reader = read(pdf(2), pdf(1))
    assert [each.numbers for each in found] == [(0, 1), (0,)]
    assert reader.numbers == [(0, 1), (0,)]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_frames_like_the_one_before_are_left_out(kind: str) -> None:
    red, blue = plain(colour=(200, 0, 0)), plain(colour=(0, 0, 200))
    data = several(red, red, blue, blue, red, kind=kind, duration=[1, 2, 3, 4, 5], minimize_size=False)
    (found,), _ = read(data)
    assert len(found.images) == 3


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG", "JPEG"])
def test_a_picture_of_one_page_has_none(kind: str) -> None:
    (found,), reader = read(encode(plain(), kind))
    assert found.shape == (20, 30, 3)
    assert reader.numbers == [(0,)]


def test_only_the_first_picture_of_a_camera_is_read() -> None:
    data = several(plain(30, 20), plain(15, 10), kind="MPO")
    (found,), reader = read(data)
    assert (found.shape, reader.notes) == ((20, 30, 3), [])


def test_smaller_copies_and_masks_in_a_tiff_are_no_pages() -> None:
    small = plain(15, 10)
    small.encoderinfo = {"tiffinfo": {254: 1}}  # type: ignore[attr-defined]
    (found,), reader = read(several(plain(30, 20), small))
    assert (found.shape, reader.notes) == ((20, 30, 3), [])


@pytest.mark.parametrize(("asked", "numbers"), [(1, (0,)), (3, (0, 1, 2)), ([4, 0], (4, 0)), ([2, 2], (2,))])
@pytest.mark.parametrize("data", [numbered(5), pdf(5)], ids=["TIFF", "PDF"])
def test_the_pages_that_are_asked_for_are_read_without_a_remark(
    data: bytes, asked: Asked, numbers: tuple[int, ...]
) -> None:
    (found,), reader = read(data, asked=checked(asked))
    assert (found.numbers, reader.notes) == (numbers, [])


def test_ten_pages_of_a_request_are_read_where_nothing_is_asked_and_the_rest_is_told() -> None:
    found, reader = read(numbered(8), numbered(5), pdf(4), numbered(1))
    assert [each.numbers for each in found[:3]] == [tuple(range(8)), (0, 1), (0,)]
    assert found[3].shape == (20, 30, 3)
    assert [note.partition(". ")[0] for note in reader.notes] == [
        "images[1] has 5 pages; the first 2 were read",
        "images[2] has 4 pages; the first 1 were read",
    ]
    assert "pages: a number of pages, or a list" in reader.notes[0]


@pytest.mark.parametrize("data", [numbered(3), pdf(3), encode(plain())], ids=["TIFF", "PDF", "PNG"])
def test_a_page_that_is_not_there_is_named(data: bytes) -> None:
    with pytest.raises(
        InvalidInputError, match=r"pages asks for 7; images\[0\] has . pages?, of which the last"
    ):
        read(data, asked=[0, 7])


@pytest.mark.parametrize("asked", [0, -1, True, 1.5, "3", [], [-1], [True], ["1"], {}])
def test_pages_of_another_form_are_refused(asked: Any) -> None:
    with pytest.raises(InvalidInputError, match="pages must be how many of the first pages"):
        checked(asked)


def broken_second_page() -> bytes:
    """Three pages, packed; the second one's data is zeros."""
    pages = [plain(30, 20, colour=(9, number, 0)) for number in range(3)]
    data = bytearray(several(*pages, compression="tiff_deflate"))
    with Image.open(io.BytesIO(bytes(data))) as file:
        file.seek(1)
        start, size = file.tag_v2[273][0], file.tag_v2[279][0]  # type: ignore[attr-defined]
    data[start : start + size] = bytes(size)
    return bytes(data)


def test_a_page_that_cannot_be_read_is_named_and_the_others_are_read() -> None:
    (found,), reader = read(broken_second_page())
    assert [image is not None for image in found.images] == [True, False, True]
    assert reader.failures == ["images[0]: page 1, counted from 0, cannot be read: it is damaged or cut off"]
    assert reader.notes == reader.failures


def test_a_module_that_takes_pictures_gets_the_first_and_a_remark() -> None:
    found, reader = read(numbered(3), numbered(2, "GIF"), encode(plain()), pdf(2), reads_documents=False)
    assert [each is not None and each.shape for each in found] == [(20, 30, 3)] * 3 + [False]
    assert reader.notes == [
        "images[0] has 3 pages; only the first is read here",
        "images[1] has 2 frames; only the first is read here",
        "images[3] is not a readable image: it is a PDF: ocr_system, ocr_det and POST /ocr read it",
    ]


def test_pages_count_as_images_and_as_pixels() -> None:
    with pytest.raises(PayloadTooLargeError, match=r"more than 4 images and pages .*\(max_images\)"):
        read(encode(plain()), numbered(5), max_images=4)
    with pytest.raises(PayloadTooLargeError, match="max_total_pixels"):
        read(numbered(5), max_total_pixels=2000)


def test_a_pdf_says_what_is_wrong_with_it() -> None:
    from tests.ocr.pdfs import written

    empty = written(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>")
    found, reader = read(b"%PDF-1.7\nnothing", empty)
    assert found == [None, None]
    assert [note.partition(" image: ")[2] for note in reader.notes] == [
        "it is a PDF that is damaged or cut off",
        "the PDF has no pages",
    ]


def test_a_jpeg_without_its_end_is_read_as_far_as_it_goes_and_said_to_be_cut_off() -> None:
    data = encode(plain(300, 200), "JPEG", quality=90)
    thumbnail = b"\xff\xe1" + (2 + len(data)).to_bytes(2, "big") + data
    whole, cut = data[:2] + thumbnail + data[2:], (data[:2] + thumbnail + data[2:])[:-200]
    found, reader = read(whole, whole + bytes(9), whole + b"x" * 5000, cut)
    assert [image.shape for image in found] == [(200, 300, 3)] * 4
    assert [note.partition(":")[0] for note in reader.notes] == ["images[3] is a JPEG that is cut off"]
    assert reader.failures == reader.notes
    with pytest.raises(InvalidInputError, match="a JPEG that is damaged or cut off"):
        decoded(cut)


def test_a_page_that_was_taken_out_of_a_document_keeps_its_number() -> None:
    reader = Reader(reads_documents=True, page=7)
    found = reader.read(encode(plain(6, 4)), "images[2]")
    assert isinstance(found, Pages)
    (image,) = found.images
    assert image is not None and (found.numbers, image.shape) == ((7,), (4, 6, 3))
    assert (reader.numbers, reader.notes) == ([(7,)], [])


def test_a_page_that_was_taken_out_counts_as_an_image() -> None:
    with pytest.raises(PayloadTooLargeError, match="max_total_pixels"):
        Reader(reads_documents=True, page=7, max_total_pixels=10).read(encode(plain(6, 4)), "images[0]")
