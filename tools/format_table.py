"""Which formats are read on which way; doc/reference/formats.md is written from it, and
tests/pipelines/test_formats.py shows each cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.pictures import kinds
from hub.pictures.kinds import Kind

PICTURE = "the picture"
PAGES = "all pages"
FRAMES = "frames that differ"
FIRST = "the first, and `msg` says so"
ONE = "the first picture"
NAMED = "named, with what to do"


@dataclass(frozen=True)
class Row:
    """The parts that are read of a file of a format.

    Attributes:
        sample: of tests/pictures/formats.py.
        documents: by a module that reads documents, in whatever way it is called.
        endpoint: by ``POST /ocr``.
        others: by other modules that take images.
    """

    kind: Kind
    sample: str
    documents: str
    endpoint: str
    others: str
    remark: str = ""


def _picture(kind: Kind, sample: str = "", remark: str = "") -> Row:
    return Row(kind, sample or kind.name, PICTURE, PICTURE, PICTURE, remark)


def _frames(kind: Kind) -> Row:
    return Row(kind, f"{kind.name}, animated", FRAMES, FRAMES, FIRST, "animated")


ROWS = (
    _picture(kinds.JPEG, remark="also CMYK"),
    Row(kinds.JPEG, "JPEG, several pictures (MPO)", ONE, ONE, ONE, "several pictures (MPO), gain maps"),
    _picture(kinds.PNG, remark="also transparent, palette, 16 bits"),
    _frames(kinds.PNG),
    _picture(kinds.GIF),
    _frames(kinds.GIF),
    _picture(kinds.WEBP, remark="also transparent"),
    _frames(kinds.WEBP),
    _picture(kinds.TIFF, remark="also 1, 16 and 32 bits, CMYK, fax"),
    Row(kinds.TIFF, "TIFF, pages", PAGES, PAGES, FIRST, "several pages"),
    _picture(kinds.AVIF),
    _picture(kinds.HEIC, remark="with `pillow-heif` (extra `heif`)"),
    _picture(kinds.BMP),
    _picture(kinds.JPEG_2000),
    _picture(kinds.NETPBM, remark="also 16 bits and PFM"),
    _picture(kinds.RADIANCE),
    _picture(kinds.SUN_RASTER),
    Row(kinds.PDF, "PDF", PAGES, f"{PAGES} (`fileType` 0)", NAMED),
)


def lines() -> Iterator[str]:
    """Yield the page."""
    yield "A file is what its first bytes say, whatever its name. Orientation is applied, and transparency"
    yield "laid on the ground that contrasts."
    yield ""
    yield "* **Documents**: `ocr_system` and `ocr_det` at `/predict` (JSON, form or the file as the body), at"
    yield "  `/v2` and by gRPC, with `hub.Client`, `hub.Module`, `hub run`, `hub predict` and"
    yield "  `tools/test_hubserving.py`. How many pages are read is in [OCR](../ocr.md#documents)."
    yield "* **/ocr**: `ocr_pipeline`."
    yield "* **Other modules** that take images, in all these ways."
    yield ""
    yield "| format | documents | /ocr | other modules |"
    yield "| --- | --- | --- | --- |"
    for row in ROWS:
        name = f"{row.kind.name}, {row.remark}" if row.remark else row.kind.name
        yield f"| {name} | {row.documents} | {row.endpoint} | {row.others} |"
    named = ", ".join(sorted(dict.fromkeys(kind.name for kind in kinds.NAMED)))
    yield ""
    yield f"Everything else is refused by its name, with what to do: {named}."
    yield ""
    yield "`tests/pipelines/test_formats.py` shows each cell, `tests/pictures/test_kinds.py` the names."
