"""The pages of a request's files that were asked for, and what is to be said of those that are not read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from hub.errors import InvalidInputError, PayloadTooLargeError
from hub.pictures import kinds
from hub.pictures.asked_pages import PAGES as PAGES
from hub.pictures.asked_pages import Asked as Asked
from hub.pictures.asked_pages import checked as checked
from hub.pictures.decode import damaged, ended, is_cut_off
from hub.pictures.documents import Document, open_document
from hub.pictures.kinds import recognised
from hub.pictures.levels import Image

#: Pages that a server reads of a request's documents when nothing was asked.
DEFAULT_PAGES: Final = 10


@dataclass(frozen=True)
class Pages:
    """Pages of one file.

    Attributes:
        numbers: which, from 0.
        images: uint8 (height, width, 3), BGR; None for one that cannot be read.
    """

    numbers: tuple[int, ...]
    images: tuple[Image | None, ...]


def unreadable(where: str, reason: object) -> str:
    """Return the remark on a file that is not read."""
    return f"{where} is not a readable image: {reason}"


def unreadable_page(where: str, number: int, reason: object) -> str:
    """Return the remark on a page that is not read."""
    return f"{where}: page {number}, counted from 0, cannot be read: {reason}"


@dataclass
class Reader:
    """Reads the files of one request.

    Attributes:
        asked: which pages.
        reads_documents: the module takes several pages of a file, and PDFs; else it gets the first picture.
        default: pages read of all files that can have some, where nothing was asked; None for all. Of each
            the first is read.
        max_images: pages and pictures in all.
        max_total_pixels: of all of them.
        page: the files are single pages of this number, taken out of documents.
        notes: remarks for the caller.
        failures: those of them on what cannot be read.
        numbers: of each file the pages that were read; (0,) for a picture.
    """

    asked: Asked = None
    reads_documents: bool = False
    default: int | None = None
    max_images: int | None = None
    max_total_pixels: int | None = None
    page: int | None = None
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    numbers: list[tuple[int, ...]] = field(default_factory=list)
    _images: int = 0
    _pixels: int = 0
    _of_documents: int = 0

    def read(self, data: bytes | bytearray | memoryview, where: str) -> Image | Pages | None:
        """Read a file: an array, or the pages of one that can have several; None for what is unreadable.

        Args:
            data: the file.
            where: which it is, for remarks.

        Raises:
            InvalidInputError: there is no page of a number that was asked for.
            PayloadTooLargeError: too many images or pixels.
        """
        self.numbers.append(())
        data = bytes(data)
        if is_cut_off(data):
            self._fail(f"{where} is a JPEG that is cut off: only what was there of it is read")
            data = ended(data)
        with contextlib.ExitStack() as opened:
            try:
                document = self._open(data, opened)
            except InvalidInputError as error:
                self._fail(unreadable(where, error))
                return None
            if self.reads_documents and self.page is not None:
                return self._page_alone(document, self.page, where)
            if self.reads_documents and document.has_pages:
                return self._pages(document, where)
            if isinstance(self.asked, list) and self.reads_documents:
                check_numbers(self.asked, document, where)
            try:
                image = document.page(0)
            except InvalidInputError as error:
                self._fail(unreadable(where, error))
                return None
            if document.has_pages:
                counted = f"{document.total} {_word(document)}"
                self.notes.append(f"{where} has {counted}; only the first is read here")
            self._spend(image)
            self.numbers[-1] = (0,)
            return image

    def _open(self, data: bytes, opened: contextlib.ExitStack) -> Document:
        if not self.reads_documents and recognised(data) == kinds.PDF:
            raise damaged(kinds.PDF)
        return opened.enter_context(open_document(data))

    def _page_alone(self, document: Document, number: int, where: str) -> Pages:
        self.numbers[-1] = (number,)
        try:
            image = document.page(0)
        except InvalidInputError as error:
            self._fail(unreadable_page(where, number, error))
            return Pages((number,), (None,))
        self._spend(image)
        return Pages((number,), (image,))

    def _pages(self, document: Document, where: str) -> Pages:
        limit = self.asked if isinstance(self.asked, int) else self._left()
        numbers: list[int] = []
        images: list[Image | None] = []
        for number, read in chosen(document, self.asked, limit, where):
            numbers.append(number)
            images.append(None if isinstance(read, InvalidInputError) else read)
            if isinstance(read, InvalidInputError):
                self._fail(unreadable_page(where, number, read))
            else:
                self._spend(read)
        self._of_documents += len(numbers)
        self.numbers[-1] = tuple(numbers)
        if self.asked is None and numbers[-1] + 1 < document.total:
            self.notes.append(
                f"{where} has {document.total} {_word(document)}; the first {numbers[-1] + 1} were read. "
                "Ask for more with pages: a number of pages, or a list of their numbers from 0"
            )
        return Pages(tuple(numbers), tuple(images))

    def _left(self) -> int | None:
        return None if self.default is None else max(1, self.default - self._of_documents)

    def _spend(self, image: Image) -> None:
        """Count an image against the limits.

        The gateway has looked at headers; that of a format may lie, or be unknown to it.
        """
        self._images += 1
        self._pixels += image.size // 3
        if self.max_images is not None and self._images > self.max_images:
            raise PayloadTooLargeError(
                f"more than {self.max_images} images and pages in one request (max_images)"
            )
        if self.max_total_pixels is not None and self._pixels > self.max_total_pixels:
            raise PayloadTooLargeError(
                f"the images together have more than {self.max_total_pixels} pixels (max_total_pixels)"
            )

    def _fail(self, note: str) -> None:
        self.notes.append(note)
        self.failures.append(note)


def chosen(
    document: Document, asked: Asked, limit: int | None, where: str = "the file"
) -> Iterator[tuple[int, Image | InvalidInputError]]:
    """Yield pages with their numbers, or the error of one that cannot be read.

    Args:
        document: an open file.
        asked: a list of numbers; all else is for ``limit`` to say.
        limit: most pages that are read; None for all. Of an animation frames that are as the one before
            them are left out.
        where: which file it is, for errors.

    Raises:
        InvalidInputError: a page of the list is not there.
    """
    if isinstance(asked, list):
        check_numbers(asked, document, where)
        for number in asked:
            yield number, _page(document, number)
        return
    before: Image | None = None
    count = 0
    for number in range(document.total):
        if limit is not None and count >= limit:
            return
        read = _page(document, number)
        if document.is_animation and not isinstance(read, InvalidInputError):
            if before is not None and np.array_equal(before, read):
                continue
            before = read
        count += 1
        yield number, read


def _page(document: Document, number: int) -> Image | InvalidInputError:
    try:
        return document.page(number)
    except InvalidInputError as error:
        return error


def check_numbers(asked: list[int], document: Document, where: str) -> None:
    """Raise InvalidInputError where one of the pages is not there."""
    if max(asked) >= document.total:
        raise InvalidInputError(
            f"pages asks for {max(asked)}; {where} has {document.total} {_word(document)}, "
            f"of which the last is {document.total - 1}"
        )


def _word(document: Document) -> str:
    return ("frame" if document.is_animation else "page") + "s" * (document.total != 1)
