"""Takes pages out of the documents of jobs, as pictures that lose nothing."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.errors import InvalidInputError

if TYPE_CHECKING:
    from hub.pictures.documents import Document

#: Documents that stay open: jobs of several owners take turns.
_OPEN: Final = 4


class PageReader:
    """Reads pages; the documents that were asked for last stay open."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels
        self._opened: OrderedDict[Path, tuple[Document, contextlib.ExitStack]] = OrderedDict()

    def png(self, path: Path, number: int) -> bytes:
        """Return a page, counted from 0, as a PNG file.

        Raises:
            InvalidInputError: it cannot be read.  OSError: there is no such file.
        """
        import cv2

        from hub.given_images import PNG_COMPRESSION

        document = self._document(path)
        try:
            image = document.page(number)
        except InvalidInputError:
            self._close(path)  # the process that renders may have ended with the page
            raise
        _, encoded = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION])
        return encoded.tobytes()

    def _document(self, path: Path) -> Document:
        from hub.pictures.documents import open_document

        if path not in self._opened:
            while len(self._opened) >= _OPEN:
                self._close(next(iter(self._opened)))
            stack = contextlib.ExitStack()
            opened = open_document(path.read_bytes(), max_pixels=self._max_pixels)
            self._opened[path] = stack.enter_context(opened), stack
        self._opened.move_to_end(path)
        return self._opened[path][0]

    def _close(self, path: Path) -> None:
        self._opened.pop(path)[1].close()
