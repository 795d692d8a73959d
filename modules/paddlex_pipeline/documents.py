"""Has PaddleX read PDFs and TIFFs as ``hub.ocr.documents`` does: PDFium in a process of its own, with limits.

A small PDF can make PDFium take all memory, or end the process that it runs in. The pages are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.errors import InvalidInputError
from hub.ocr.documents import FileKind, open_document

Pages = tuple[list[Any], Any]


def bound(utils: Any) -> None:
    """Replace PaddleX's readers in its module ``paddlex.inference.serving.infra.utils``."""
    utils.read_pdf = _reader(utils, "pdf", utils.PDFInfo)
    utils.read_tiff = _reader(utils, "image", utils.TIFFInfo)


def _reader(utils: Any, kind: FileKind, info: Callable[..., Any]) -> Callable[..., Pages]:
    def read(bytes_: bytes, max_num_imgs: int | None = None) -> Pages:
        try:
            with open_document(
                bytes_, kind, utils.MAX_IMAGE_PIXELS, scale=utils.PDF_RENDER_SCALE
            ) as document:
                count = document.total if max_num_imgs is None else min(max_num_imgs, document.total)
                images = [document.page(number) for number in range(count)]
        except InvalidInputError as error:  # the one whose text PaddleX passes on, with 422
            raise utils.ImageTooLargeError(str(error)) from error
        pages = [utils.PDFPageInfo(width=image.shape[1], height=image.shape[0]) for image in images]
        return images, info(numPages=len(pages), pages=pages)

    return read
