"""Reads the pages of a file: an image, a TIFF of several pages, or a PDF.

Pages come one by one, so that only one of them is in memory at a time. Arrays are uint8 (height, width, 3),
BGR. A file that cannot be read is an InvalidInputError, worded as in PaddleX, with the reason after it.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, Literal

import numpy as np
from PIL import Image as Pillow

from hub import settings
from hub.checkpoint import checkpoint
from hub.errors import AbandonedError, InvalidInputError
from hub.image_header import image_size
from hub.ocr import pdf
from hub.ocr.geometry import Image
from hub.ocr.images import as_image

#: Pixels of a rendered page per PDF point (1/72 inch), as in PaddleX; less for a page of poster size, but
#: never below the other.
PDF_SCALE: Final = 2.0
PDF_MIN_SCALE: Final = 0.1
#: A TIFF says how many pages it has only by listing them.
MAX_TIFF_PAGES: Final = 10_000
#: Bytes of a page for whose sake a TIFF is opened anew.
_LARGE_PAGE: Final = 1 << 25
_STRIP_ROWS, _TILE_WIDTH, _TILE_HEIGHT = 278, 322, 323
_ALL_ROWS: Final = 0xFFFF_FFFF
_TIFF_MAGIC: Final = (b"II\x2a\x00", b"MM\x00\x2a", b"II\x2b\x00", b"MM\x00\x2b")
#: Memory for a page's pixels: in PDFium's bitmap, and as much again to work with.
_PDF_BYTES_PER_PIXEL: Final = 6

#: The errors that Pillow raises on a broken file.
_DECODERS_RAISE: Final = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError)

# Our own limit applies, with our own message; Pillow's would warn at half of it.
Pillow.MAX_IMAGE_PIXELS = None

FileKind = Literal["image", "pdf"]
Kind = Literal["image", "tiff", "pdf"]


@dataclass(frozen=True)
class Document:
    """An open file.

    Attributes:
        kind: ``tiff`` only if it has several pages; one page is an ``image``.
        total: pages in the file.
        page: page by number, from 0.
    """

    kind: Kind
    total: int
    page: Callable[[int], Image]


def open_document(
    data: bytes, kind: FileKind, max_pixels: int, *, scale: float = PDF_SCALE
) -> contextlib.AbstractContextManager[Document]:
    """Open a file that the caller says is an image or a PDF; its pages are read while it is open.

    Args:
        data: the file.
        kind: what it is.
        max_pixels: of a page.
        scale: pixels per point of a PDF; less where a page would have more than ``max_pixels``.

    Raises:
        InvalidInputError: it is not that, or has more than ``max_pixels``. Reading a page raises it, too.
    """
    if kind == "pdf":
        return _open_pdf(data, max_pixels, scale)
    if data[:4] in _TIFF_MAGIC:
        return _open_tiff(data, max_pixels)
    return contextlib.nullcontext(Document("image", 1, lambda _: _read_image(data, max_pixels)))


def _read_image(data: bytes, max_pixels: int) -> Image:
    checkpoint()
    _check_pixels(*(image_size(data) or (0, 0)), max_pixels)
    try:
        image = as_image(data)
    except InvalidInputError as error:  # OpenCV has its own limit of pixels
        raise _invalid(str(error)) from error
    if image is None:
        raise _invalid("OpenCV cannot read it as an image")
    _check_pixels(image.shape[1], image.shape[0], max_pixels)
    return image


@contextlib.contextmanager
def _open_tiff(data: bytes, max_pixels: int) -> Iterator[Document]:
    file = _pillow(data)

    def page(number: int) -> Image:
        nonlocal file
        checkpoint()
        with _decoder_errors():
            file.seek(number)
            _check_pixels(*_decoded_size(file), max_pixels, page=number)
            pixels = np.asarray(file.convert("RGB"))
        if pixels.size > _LARGE_PAGE:  # it keeps what it has decoded, and finds small pages faster so
            file.close()
            file = _pillow(data)
        return np.ascontiguousarray(pixels[:, :, ::-1])

    try:
        with _decoder_errors():
            total = _count_frames(file)
        if total == 1:
            yield Document("image", 1, lambda _: _read_image(data, max_pixels))
        else:
            yield Document("tiff", total, page)
    finally:
        file.close()


def _pillow(data: bytes) -> Pillow.Image:
    with _decoder_errors():
        return Pillow.open(io.BytesIO(data), formats=["TIFF"])


def _decoded_size(page: Pillow.Image) -> tuple[int, int]:
    """Return the size of a page of a TIFF, or of a tile or strip of it that is larger."""
    width, height = page.size
    fields = page.tag_v2  # type: ignore[attr-defined]
    rows = fields.get(_STRIP_ROWS, 0)
    tile = fields.get(_TILE_WIDTH, 0), fields.get(_TILE_HEIGHT, 0)
    sizes = [(width, height), (width, rows if rows < _ALL_ROWS else 0), tile]
    return max(sizes, key=lambda size: size[0] * size[1])


def _count_frames(file: Pillow.Image) -> int:
    for number in range(MAX_TIFF_PAGES + 1):
        try:
            file.seek(number)
        except EOFError:
            return number
    raise _invalid(f"it has more than {MAX_TIFF_PAGES} pages")


@contextlib.contextmanager
def _open_pdf(data: bytes, max_pixels: int, scale: float) -> Iterator[Document]:
    if find_spec("pypdfium2") is None:
        raise _invalid("PDF files are not read here; on the server: pip install pypdfium2")
    most = min(max_pixels, (settings.pdf_memory_mb() << 20) // _PDF_BYTES_PER_PIXEL)
    with pdf.renderer() as renderer:
        with _decoder_errors():
            total = renderer.open(data)

        def page(number: int) -> Image:
            checkpoint()
            with _decoder_errors():
                size = renderer.size(number)
                return renderer.render(number, pdf_scale(*size, max_pixels=most, page=number, wanted=scale))

        try:
            yield Document("pdf", total, page)
        finally:
            if renderer.is_alive:
                renderer.close()


def pdf_scale(width: float, height: float, *, max_pixels: int, page: int, wanted: float = PDF_SCALE) -> float:
    """Return the pixels per point at which a page of ``width`` × ``height`` points is rendered.

    Raises:
        InvalidInputError: the page is too large at any scale.
    """
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise _invalid(f"page {page + 1} has no size")
    scale = min(wanted, math.sqrt(max_pixels / (width * height)))
    while scale >= PDF_MIN_SCALE:
        if math.ceil(width * scale) * math.ceil(height * scale) <= max_pixels:
            return scale
        scale *= 0.99  # both sides are rounded up
    smallest = math.ceil(width * PDF_MIN_SCALE), math.ceil(height * PDF_MIN_SCALE)
    _check_pixels(*smallest, max_pixels, page=page)
    return PDF_MIN_SCALE


def _check_pixels(width: int, height: int, max_pixels: int, page: int | None = None) -> None:
    if width * height > max_pixels:
        where = "" if page is None else f"Page {page + 1}: "
        raise InvalidInputError(
            f"{where}Image pixel count {width * height} (width={width}, height={height}) exceeds "
            f"maximum allowed {max_pixels}."
        )


@contextlib.contextmanager
def _decoder_errors() -> Iterator[None]:
    """Turn the error that a decoder raises on a broken file into InvalidInputError."""
    try:
        yield
    except (InvalidInputError, AbandonedError):
        raise
    except pdf.PdfError as error:
        raise _invalid(str(error)) from error
    except _DECODERS_RAISE as error:
        raise _invalid(f"{type(error).__name__}: {error}") from error


def _invalid(reason: str) -> InvalidInputError:
    return InvalidInputError(f"Invalid input file: {reason}")
