"""The file of a request: in base64, by its URL, or as bytes; an image, a TIFF of several pages, or a PDF."""

from __future__ import annotations

import contextlib
import logging
import mimetypes
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from hub import settings
from hub.errors import InvalidInputError
from hub.ocr.documents import Document, FileKind, open_document
from hub.ocr.fetch import Fetcher
from hub.ocr.geometry import Image
from hub.ocr.images import from_base64

from .schema import AnyRequest, OldRequest
from .settings import Settings

log = logging.getLogger(__name__)

_URLS: Final = ("http://", "https://")


class Files:
    """Opens the files of requests, within the limits of the settings."""

    def __init__(self, limits: Settings) -> None:
        self._limits = limits
        self._fetcher = Fetcher(int(limits.max_url_mb * 1e6), limits.url_timeout)

    def open(self, request: AnyRequest) -> contextlib.AbstractContextManager[Document]:
        """Open the request's file, fetched where it is a URL; raises InvalidInputError."""
        file = request.image if isinstance(request, OldRequest) else request.file
        kind: FileKind = (
            "image" if isinstance(request, OldRequest) else _kind(request.file, request.file_type)
        )
        if isinstance(file, str) and file.startswith(_URLS):
            if not self._limits.allow_urls:
                raise InvalidInputError(
                    "Invalid input file: URLs are not fetched here; send the file in base64 "
                    "(the server may be told to: allow_urls)"
                )
            file = self._fetcher.fetch(file)
        elif isinstance(file, str):
            file = _decoded(file)
        return open_document(file, kind, settings.max_pixels())

    def pages(self, document: Document, *, only_first: bool = False) -> Iterator[Image]:
        """Yield the pages that may be read, one after the other."""
        limit = 1 if only_first else self._limits.max_num_input_imgs
        for number in range(document.total if limit is None else min(limit, document.total)):
            yield document.page(number)


def left_out(document: Document, read: int) -> dict[str, Any]:
    """Return the warning that there was more, which the caller must know."""
    if read == document.total:
        return {}
    message = f"only the first {read} of {document.total} pages were read (max_num_input_imgs)"
    log.warning("%s", message)
    return {"warnings": [message]}


def _kind(file: bytes | str, file_type: int | None) -> FileKind:
    """Tell an image from a PDF, by the request or the URL; raises InvalidInputError as PaddleX does."""
    if file_type is not None:
        return "image" if file_type == 1 else "pdf"
    if not isinstance(file, str) or not file.startswith(_URLS):
        raise InvalidInputError("File type cannot be determined")
    guessed = mimetypes.guess_type(urlsplit(file).path)[0] or ""
    if guessed == "application/pdf":
        return "pdf"
    if guessed.startswith("image/"):
        return "image"
    raise InvalidInputError("Unsupported file type")


def _decoded(text: str) -> bytes:
    try:
        return from_base64(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"Invalid input file: {error}") from error
