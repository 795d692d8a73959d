"""The format of a file, by its first bytes. Standard library only.

Names and file endings are never asked: both are wrong often enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: All marks stand within these first bytes.
_HEAD_BYTES: Final = 4096
#: A PDF may have other bytes in front, as mail programs put there; so readers look this far.
_PDF_WITHIN: Final = 1024

_CONVERT: Final = "convert it to PNG or JPEG"
_VIDEO: Final = "send single frames of it as pictures"
_UNPACK: Final = "unpack it, and send the files that are in it"
_PRINT: Final = "save it as PDF, which ocr_system, ocr_det and POST /ocr read"
_PAGE: Final = "perhaps an error page was saved in the picture's place"
_BYTES: Final = "send the bytes of a picture file"


@dataclass(frozen=True)
class Kind:
    """A format.

    Attributes:
        name: as people call it, "" for bytes of no format that is known.
        is_picture: it is decoded here, where the libraries for it are installed.
        advice: what to do with one that is not.
    """

    name: str
    is_picture: bool = False
    advice: str = ""

    @property
    def described(self) -> str:
        """The format with its article."""
        if not self.name:
            return "of no known format"
        if self in _WITHOUT_ARTICLE:
            return self.name
        return f"{'an' if self.name in _AFTER_AN else 'a'} {self.name}"


JPEG: Final = Kind("JPEG", True)
PNG: Final = Kind("PNG", True)
GIF: Final = Kind("GIF", True)
BMP: Final = Kind("BMP", True)
TIFF: Final = Kind("TIFF", True)
WEBP: Final = Kind("WebP", True)
AVIF: Final = Kind("AVIF", True)
HEIC: Final = Kind("HEIC", True)
JPEG_2000: Final = Kind("JPEG 2000", True)
NETPBM: Final = Kind("Netpbm picture", True)
RADIANCE: Final = Kind("Radiance HDR", True)
SUN_RASTER: Final = Kind("Sun raster", True)
PDF: Final = Kind("PDF", advice="ocr_system, ocr_det and POST /ocr read it")
TEXT: Final = Kind("text", advice=_BYTES)
EMPTY: Final = Kind("empty", advice=_BYTES)
UNKNOWN: Final = Kind("", advice=_BYTES)
_JPEG_XL: Final = Kind("JPEG XL", advice=_CONVERT)
_RAW: Final = Kind("raw picture of a camera", advice=_CONVERT)
_TGA: Final = Kind("TGA", advice=_CONVERT)
_PCX: Final = Kind("PCX", advice=_CONVERT)
_SVG: Final = Kind("SVG", advice=_CONVERT)
_HTML: Final = Kind("HTML", advice=_PAGE)
_MP4: Final = Kind("MP4 video", advice=_VIDEO)
_EMF: Final = Kind("EMF", advice=_CONVERT)
_DICOM: Final = Kind("DICOM", advice=_CONVERT)
_OFFICE: Final = Kind("Office document", advice=_PRINT)
_ZIP: Final = Kind("ZIP archive", advice=_UNPACK)
_WAV: Final = Kind("WAV recording", advice=_BYTES)
_AVI: Final = Kind("AVI video", advice=_VIDEO)
_POSTSCRIPT: Final = Kind("PostScript", advice=_PRINT)
_WITHOUT_ARTICLE: Final = (TEXT, EMPTY, _HTML, _POSTSCRIPT)
_AFTER_AN: Final = (
    "AVIF",
    "SVG",
    "EMF",
    "MP4 video",
    "AVI video",
    "Office document",
    "OpenEXR",
    "RTF",
    "ICO",
    "xz archive",
    "MP3 recording",
    "Ogg recording",
    "XCF",
    "ICNS",
    "SGI picture",
)

#: The first bytes of files. The first that fits counts.
_BEGINNINGS: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"\xff\x4f\xff\x51", JPEG_2000),
    (b"\0\0\0\x0cjP", JPEG_2000),
    (b"#?RADIANCE", RADIANCE),
    (b"#?RGBE", RADIANCE),
    (b"\x59\xa6\x6a\x95", SUN_RASTER),
    (b"\xff\x0a", _JPEG_XL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", _JPEG_XL),
    (b"8BPS", Kind("PSD", advice=_CONVERT)),
    (b"\0\0\1\0", Kind("ICO", advice=_CONVERT)),
    (b"qoif", Kind("QOI", advice=_CONVERT)),
    (b"DDS ", Kind("DDS", advice=_CONVERT)),
    (b"icns", Kind("ICNS", advice=_CONVERT)),
    (b"gimp xcf", Kind("XCF", advice=_CONVERT)),
    (b"SIMPLE  =", Kind("FITS", advice=_CONVERT)),
    (b"\x01\xda", Kind("SGI picture", advice=_CONVERT)),
    (b"II\xbc\x01", Kind("JPEG XR", advice=_CONVERT)),
    (b"FUJIFILMCCD-RAW", _RAW),
    (b"v/1\x01", Kind("OpenEXR", advice=_CONVERT)),
    (b"\xd7\xcd\xc6\x9a", Kind("WMF", advice=_CONVERT)),
    (b"AT&TFORM", Kind("DjVu", advice="save it as PDF or TIFF")),
    (b"%!PS", _POSTSCRIPT),
    (b"\xc5\xd0\xd3\xc6", _POSTSCRIPT),
    (b"{\\rtf", Kind("RTF", advice=_PRINT)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    (b"PK\3\4", _ZIP),
    (b"PK\5\6", _ZIP),
    (b"Rar!\x1a\x07", Kind("RAR archive", advice=_UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Kind("7-Zip archive", advice=_UNPACK)),
    (b"\x1f\x8b", Kind("gzip archive", advice=_UNPACK)),
    (b"BZh", Kind("bzip2 archive", advice=_UNPACK)),
    (b"\xfd7zXZ\0", Kind("xz archive", advice=_UNPACK)),
    (b"\x28\xb5\x2f\xfd", Kind("Zstandard archive", advice=_UNPACK)),
    (b"\x1aE\xdf\xa3", Kind("Matroska or WebM video", advice=_VIDEO)),
    (b"ID3", Kind("MP3 recording", advice=_BYTES)),
    (b"fLaC", Kind("FLAC recording", advice=_BYTES)),
    (b"FLV\x01", Kind("Flash video", advice=_VIDEO)),
    (b"\x30\x26\xb2\x75", Kind("Windows Media video", advice=_VIDEO)),
    (b"OggS", Kind("Ogg recording", advice=_BYTES)),
)
#: Formats that are not read as pictures.
NAMED: Final = (
    *(kind for _, kind in _BEGINNINGS if not kind.is_picture),
    *(_SVG, _HTML, _MP4, _AVI, _WAV, _OFFICE, _EMF, _DICOM, _PCX, _TGA, TEXT),
)
_IN_RIFF: Final = {b"WEBP": WEBP, b"AVI ": _AVI, b"WAVE": _WAV}
_AVIF_BRANDS: Final = (b"avif", b"avis")
_HEIC_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_OPEN_BRANDS: Final = (b"mif1", b"msf1", b"miaf")
_BMP_HEADERS: Final = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_OFFICE_PARTS: Final = (b"word/", b"xl/", b"ppt/", b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis")
_NETPBM: Final = re.compile(rb"P[1-7Ff][ \t\r\n#]")
_PCX_HEAD: Final = re.compile(rb"\n[\x00\x02-\x05]\x01[\x01\x02\x04\x08]")
_TGA_HEAD: Final = re.compile(rb"\x00\x00[\x02\x03\x0a\x0b]\x00{5}.{8}[\x08\x10\x18\x20]", re.DOTALL)
_MARKUP: Final = re.compile(rb"<(!doctype\s+html|html|head|body|svg)\b", re.IGNORECASE)
_CONTROL: Final = re.compile(rb"[\0-\x08\x0b\x0e-\x1f\x7f]")
#: Bytes without control characters from which on they are text, whatever its encoding.
_MIN_FOREIGN_TEXT: Final = 24


def recognised(data: bytes | bytearray | memoryview) -> Kind:
    """Return the format of a file; ``UNKNOWN`` where the first bytes do not tell."""
    head = bytes(data[:_HEAD_BYTES])
    if not head:
        return EMPTY
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return _OFFICE if kind == _ZIP and any(part in head for part in _OFFICE_PARTS) else kind
    return _within(head) or _readable(head) or _behind_blanks(head) or UNKNOWN


def _within(head: bytes) -> Kind | None:
    """Tell formats whose mark is not their beginning."""
    if head.startswith(b"RIFF") and head[8:12] in _IN_RIFF:
        return _IN_RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _media(head)
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return BMP
    if _NETPBM.match(head):
        return NETPBM
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    if head[40:44] == b" EMF":
        return _EMF
    if _PCX_HEAD.match(head):
        return _PCX
    if _TGA_HEAD.match(head):
        return _TGA
    if head[128:132] == b"DICM":
        return _DICOM
    return None


def _behind_blanks(head: bytes) -> Kind | None:
    """Tell a picture that a script has put white space or a byte order mark in front of."""
    rest = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if len(rest) == len(head):
        return None
    found = next((kind for beginning, kind in _BEGINNINGS if rest.startswith(beginning)), UNKNOWN)
    if not found.is_picture:
        return None
    return Kind(
        f"{found.name} with white space or a byte order mark before it", advice="send it without that"
    )


def _media(head: bytes) -> Kind:
    """Tell the pictures and videos of ISO's family apart: by the first brand, else by the others."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(size, 256), 4))]
    if brands[0] == b"crx ":
        return _RAW
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return AVIF
        if brand in _HEIC_BRANDS:
            return HEIC
    return HEIC if brands[0] in _OPEN_BRANDS else _MP4


def _readable(head: bytes) -> Kind | None:
    """Tell kinds of text."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.decode("utf-16", "ignore").encode()
    found = _MARKUP.search(text) if text.lstrip().startswith(b"<") else None
    if found:
        return _SVG if found[1].lower() == b"svg" else _HTML
    try:
        text.decode()
    except UnicodeDecodeError as error:
        if error.start < len(text) - 3 and len(text) < _MIN_FOREIGN_TEXT:  # else a character is cut off
            return None
    return TEXT if len(text) > 1 and not _CONTROL.search(text) else None
