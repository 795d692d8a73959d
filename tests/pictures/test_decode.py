"""Bytes become the same pixels, whatever the format."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hub.errors import InvalidInputError
from hub.pictures.decode import decoded
from hub.pictures.documents import open_document
from tests.pictures import drawn
from tests.pictures.drawn import looks_like_the_bar
from tests.serving.pictures import encode, plain, unreadable

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", drawn.transparent())
def test_what_is_black_on_nothing_is_black_on_white(name: str) -> None:
    assert looks_like_the_bar(decoded(drawn.transparent()[name]))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("hidden", [0, 255])
def test_what_is_white_on_nothing_is_white_on_black(kind: str, hidden: int) -> None:
    assert looks_like_the_bar(decoded(encode(drawn.rgba(255, hidden), kind)), light=True)


def test_dark_and_light_on_nothing_are_on_grey() -> None:
    left, right = np.asarray(drawn.rgba(0, 0)), np.asarray(drawn.rgba(255, 255))
    both = np.hstack([left[:, :30], right[:, 30:]])
    image = decoded(encode(Image.fromarray(both, "RGBA")))
    assert [int(image[15, x, 0]) for x in (5, 20, 40)] == [128, 0, 255]


def test_a_picture_that_is_opaque_or_shows_nothing_is_as_its_colours_say() -> None:
    grey = np.dstack([drawn.bar()] * 3)
    for alpha in (0, 255):
        image = Image.fromarray(np.dstack([grey, np.full(drawn.bar().shape, alpha, np.uint8)]), "RGBA")
        assert np.array_equal(decoded(encode(image)), grey)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_that_lies_is_set_upright(kind: str) -> None:
    assert looks_like_the_bar(decoded(drawn.lying(kind)))


def test_a_heic_is_read_and_set_upright() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    assert looks_like_the_bar(decoded(encode(Image.fromarray(drawn.bar()).convert("RGB"), "HEIF")))
    assert looks_like_the_bar(decoded(drawn.lying("HEIF")))


def test_a_heic_is_named_where_nothing_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InvalidInputError, match="it is a HEIC: pip install pillow-heif"):
        decoded(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


def page_of(image: Image.Image, number: int) -> Any:
    """The page as the only one, or among three."""
    if number < 0:
        return decoded(encode(image, "TIFF"))
    pages = [plain(9, 9), plain(9, 9), plain(9, 9)]
    pages[number] = image
    with open_document(drawn.several(*pages)) as document:
        return document.page(number)


@pytest.mark.parametrize("number", [-1, 0, 2], ids=["the only page", "the first", "the last"])
@pytest.mark.parametrize("name", drawn.WIDE)
def test_a_page_of_more_than_eight_bits_is_read_alone_as_among_others(name: str, number: int) -> None:
    assert looks_like_the_bar(page_of(drawn.wide(name), number))


@pytest.mark.parametrize("number", [-1, 1], ids=["the only page", "one of three"])
@pytest.mark.parametrize("name", drawn.others())
def test_a_page_of_any_mode_is_read_alone_as_among_others(name: str, number: int) -> None:
    assert looks_like_the_bar(page_of(drawn.others()[name], number))


@pytest.mark.parametrize("name", unreadable())
def test_what_cannot_be_read_says_what_it_is(name: str) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^it is a (PNG|JPEG) that is damaged|^it is text: |^its format"
    ):
        decoded(unreadable()[name])


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "AVIF"])
def test_no_message_shows_an_object_of_python(kind: str) -> None:
    data = encode(plain(), kind)
    for cut in (20, 40, len(data) // 2):
        try:
            decoded(data[:cut])
        except InvalidInputError as error:
            assert "0x" not in str(error) and "object" not in str(error)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "AVIF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_no_format_is_decoded_beyond_the_limit(kind: str, mode: str) -> None:
    if mode == "RGBA" and kind in ("JPEG", "BMP", "GIF"):
        pytest.skip("has no such mode")
    with pytest.raises(InvalidInputError, match="it has 30 × 20 pixels; at most 599 are allowed"):
        decoded(encode(plain(mode=mode, colour=(1, 2, 3)), kind), max_pixels=599)


def test_opencv_reads_what_it_can_where_pillow_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(drawn.rgba(0, 255))
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert decoded(data).shape == (drawn.HEIGHT, drawn.WIDTH, 3)
