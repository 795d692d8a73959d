"""The pages of a file: a picture, a TIFF or an animation with several, or a PDF.

Pages come one by one, so that only one of them is in memory at a time. Arrays are uint8 (height, width, 3),
BGR.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

from hub import settings
from hub.checkpoint import checkpoint
from hub.errors import AbandonedError, InvalidInputError
from hub.pictures import decode, kinds, pdf
from hub.pictures.frames import Frames
from hub.pictures.kinds import Kind, recognised
from hub.pictures.levels import Image

#: Pixels of a rendered page per PDF point (1/72 inch), as in PaddleX; less for a page of poster size, but
#: never below the other.
PDF_SCALE: Final = 2.0
PDF_MIN_SCALE: Final = 0.1
#: Memory for a page's pixels: in PDFium's bitmap, and as much again to work with.
_PDF_BYTES_PER_PIXEL: Final = 6
#: Of these a file may have several pages. A JPEG's or HEIC's other pictures are views, depths or gains.
_WITH_FRAMES: Final = (kinds.TIFF, kinds.GIF, kinds.WEBP, kinds.PNG, kinds.AVIF)


@dataclass(frozen=True)
class Document:
    """An open file.

    Attributes:
        kind: its format.
        total: pages, or frames of an animation.
        page: reads a page by number, from 0; raises InvalidInputError.
        is_animation: its pages are frames, of which many may be the same.
    """

    kind: Kind
    total: int
    page: Callable[[int], Image]
    is_animation: bool = False

    @property
    def has_pages(self) -> bool:
        """Tell whether pages are counted: in every PDF, and in a picture that has more than one."""
        return self.kind == kinds.PDF or self.total > 1


def open_document(
    data: bytes, *, max_pixels: int | None = None, scale: float = PDF_SCALE
) -> contextlib.AbstractContextManager[Document]:
    """Open a file; its pages are read while it is open.

    Args:
        data: the file.
        max_pixels: of a page; ``settings.max_pixels()`` unless given. Pages of a PDF are rendered smaller
            to fit.
        scale: pixels per point of a PDF.

    Raises:
        InvalidInputError: it is neither a picture nor a PDF, or is damaged; says what it is.
    """
    kind, limit = recognised(data), max_pixels or settings.max_pixels()
    if kind == kinds.PDF:
        return _open_pdf(data, limit, scale)
    if kind in _WITH_FRAMES:
        return _open_frames(data, kind, limit)
    if not kind.is_picture and kind != kinds.UNKNOWN:
        raise decode.damaged(kind)
    return contextlib.nullcontext(_single(data, kind, limit))


def _single(data: bytes, kind: Kind, max_pixels: int) -> Document:
    def page(_: int) -> Image:
        checkpoint()
        return decode.decoded(data, max_pixels)

    return Document(kind, 1, page)


@contextlib.contextmanager
def _open_frames(data: bytes, kind: Kind, max_pixels: int) -> Iterator[Document]:
    frames = Frames.found(data, kind, max_pixels)
    if frames is None:
        yield _single(data, kind, max_pixels)
        return
    with contextlib.closing(frames):
        yield Document(kind, frames.total, frames.read, is_animation=kind != kinds.TIFF)


@contextlib.contextmanager
def _open_pdf(data: bytes, max_pixels: int, scale: float) -> Iterator[Document]:
    if find_spec("pypdfium2") is None:
        raise InvalidInputError("it is a PDF: pip install pypdfium2 where the server runs")
    most = min(max_pixels, (settings.pdf_memory_mb() << 20) // _PDF_BYTES_PER_PIXEL)
    with pdf.renderer() as renderer:
        with _pdf_errors():
            total = renderer.open(data)

        def page(number: int) -> Image:
            checkpoint()
            with _pdf_errors():
                size = renderer.size(number)
                return renderer.render(number, pdf_scale(*size, max_pixels=most, wanted=scale))

        try:
            yield Document(kinds.PDF, total, page)
        finally:
            if renderer.is_alive:
                renderer.close()


def pdf_scale(width: float, height: float, *, max_pixels: int, wanted: float = PDF_SCALE) -> float:
    """Return the pixels per point at which a page of ``width`` × ``height`` points is rendered.

    Raises:
        InvalidInputError: the page is too large at any scale, or has no size.
    """
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise InvalidInputError("it has no size")
    scale = min(wanted, math.sqrt(max_pixels / (width * height)))
    while scale >= PDF_MIN_SCALE:
        if math.ceil(width * scale) * math.ceil(height * scale) <= max_pixels:
            return scale
        scale *= 0.99  # both sides are rounded up
    smallest = math.ceil(width * PDF_MIN_SCALE), math.ceil(height * PDF_MIN_SCALE)
    decode.check_pixels(*smallest, max_pixels)
    return PDF_MIN_SCALE


@contextlib.contextmanager
def _pdf_errors() -> Iterator[None]:
    try:
        yield
    except (InvalidInputError, AbandonedError):
        raise
    except pdf.PdfError as error:
        raise InvalidInputError(str(error)) from error
