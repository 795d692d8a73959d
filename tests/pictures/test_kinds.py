"""Formats are told by content."""

from __future__ import annotations

import io
import zipfile

import pytest

from hub.pictures.kinds import EMPTY, PDF, TEXT, UNKNOWN, recognised
from tests.serving.pictures import encode, exotic, plain

pytestmark = pytest.mark.unit


def zipped(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x")
    return file.getvalue()


def media(brand: bytes, *others: bytes) -> bytes:
    size = 16 + 4 * len(others)
    return size.to_bytes(4, "big") + b"ftyp" + brand + b"\0\0\0\0" + b"".join(others) + b"\0\0\0\x08free"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (media(b"heic", b"mif1"), "HEIC"),
        (media(b"mif1", b"heic"), "HEIC"),
        (media(b"mif1", b"avif"), "AVIF"),
        (media(b"avif"), "AVIF"),
        (media(b"isom", b"mp42"), "MP4 video"),
        (media(b"qt  "), "MP4 video"),
        (b"\xff\x0a" + b"\x8f" * 9, "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(9), "JPEG XL"),
        (b"8BPS\0\1" + bytes(20), "PSD"),
        (b'<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        ("\ufeff<svg>".encode(), "SVG"),
        (b"  <!DOCTYPE html>\n<html><body>Sign in", "HTML"),
        ("<html>".encode("utf-16"), "HTML"),
        (b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(9), "EMF"),
        (zipped("a.png"), "ZIP archive"),
        (zipped("word/document.xml"), "Office document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "Office document"),
        (b"\x1f\x8b\x08" + bytes(9), "gzip archive"),
        (b"junk of a mail program\r\n%PDF-1.4\n", "PDF"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI video"),
        (bytes(128) + b"DICM", "DICOM"),
        (b"qoif" + bytes(9), "QOI"),
        (b"\0\0\2" + bytes(9) + b"\x10\0\x10\0\x18\0" + bytes(99), "TGA"),
        (b"icns" + bytes(9), "ICNS"),
        (b"\n\5\1\x08" + bytes(99), "PCX"),
        (b"SIMPLE  =                    T", "FITS"),
        (media(b"crx ", b"isom"), "raw picture of a camera"),
        (b"\r\n\xff\xd8\xff\xe0", "JPEG with white space or a byte order mark before it"),
        (b"\xef\xbb\xbf\x89PNG\r\n\x1a\n", "PNG with white space or a byte order mark before it"),
        (b"\n\nplain words", "text"),
        (b"P5\n3 2\n255\nabcdef", "Netpbm picture"),
        ("Größe".encode(), "text"),
        (("图片" * 2000).encode(), "text"),
        ("这是一段不是图片的文字".encode("gbk") * 2, "text"),
        ("text".encode("utf-16"), "text"),
        (b'{"images": []}', "text"),
        (b"", "empty"),
        (bytes(range(32)), ""),
    ],
)
def test_a_format_is_known_by_its_content(data: bytes, name: str) -> None:
    assert recognised(data).name == name


@pytest.mark.parametrize("name", exotic())
def test_pictures_that_are_read_are_recognised_as_such(name: str) -> None:
    assert recognised(exotic()[name]).is_picture


def test_a_format_says_what_to_do_with_a_file_of_it() -> None:
    for data in (b"8BPS", b"", b"text", zipped("a"), b"%PDF-1.4", bytes(32)):
        assert recognised(data).advice


def test_a_picture_named_wrong_is_what_it_is() -> None:
    assert recognised(memoryview(encode(plain(), "BMP"))).name == "BMP"
    assert [kind.described for kind in (PDF, TEXT, EMPTY, UNKNOWN)] == [
        "a PDF",
        "text",
        "empty",
        "of no known format",
    ]
