"""The pages of a file that a caller of PaddleX's protocol says is an image or a PDF, with errors worded as
PaddleX words them; ``hub.pictures.documents`` reads them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.errors import InvalidInputError
from hub.pictures import documents, kinds
from hub.pictures.decode import TooManyPixelsError
from hub.pictures.documents import PDF_SCALE
from hub.pictures.kinds import recognised
from hub.pictures.levels import Image
from hub.pictures.pages import chosen

FileKind = Literal["image", "pdf"]
#: PaddleX has a form for the pages of a PDF and one for those of a TIFF.
Kind = Literal["image", "tiff", "pdf"]


@dataclass(frozen=True)
class Document:
    """An open file.

    Attributes:
        kind: ``tiff`` for any picture of several pages or frames; one page is an ``image``.
        total: pages in the file; of an animation the frames that differ from the one before.
        page: page by number, from 0.
    """

    kind: Kind
    total: int
    page: Callable[[int], Image]


@contextlib.contextmanager
def open_document(
    data: bytes, kind: FileKind, max_pixels: int, *, scale: float = PDF_SCALE
) -> Iterator[Document]:
    """Open a file that the caller says is an image or a PDF; its pages are read while it is open.

    Args:
        data: the file.
        kind: what it is.
        max_pixels: of a page.
        scale: pixels per point of a PDF; less where a page would have more than ``max_pixels``.

    Raises:
        InvalidInputError: it is not that, or has more than ``max_pixels``. Reading a page raises it, too.
    """
    _check_kind(data, kind)
    with contextlib.ExitStack() as opened:
        with _errors():
            file = opened.enter_context(documents.open_document(data, max_pixels=max_pixels, scale=scale))

        numbers: Sequence[int] = range(file.total)
        if file.is_animation:
            numbers = [number for number, _ in chosen(file, None, None)]

        def page(number: int) -> Image:
            with _errors("" if len(numbers) == 1 else f"Page {number + 1}: "):
                return file.page(numbers[number])

        is_image = len(numbers) == 1 and kind == "image"
        yield Document("image" if is_image else "tiff" if kind == "image" else "pdf", len(numbers), page)


def _check_kind(data: bytes, kind: FileKind) -> None:
    found = recognised(data)
    if kind == "image" and found == kinds.PDF:
        raise _invalid("this is a PDF: fileType 0")
    if kind == "pdf" and found.is_picture:
        raise _invalid(f"this is {found.described}: fileType 1")
    if kind == "pdf" and found != kinds.PDF:
        name = f"it is {found.described}" if found.name else "its format is not known"
        raise _invalid(f"this is not a PDF, {name}: {found.advice}")


@contextlib.contextmanager
def _errors(where: str = "") -> Iterator[None]:
    try:
        yield
    except TooManyPixelsError as error:
        raise InvalidInputError(
            f"{where}Image pixel count {error.width * error.height} (width={error.width}, "
            f"height={error.height}) exceeds maximum allowed {error.limit}."
        ) from error
    except InvalidInputError as error:
        raise _invalid(f"{where}{error}") from error


def _invalid(reason: str) -> InvalidInputError:
    return InvalidInputError(f"Invalid input file: {reason}")
