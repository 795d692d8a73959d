"""The inputs of ``predict(images=…, paths=…)`` of a module that reads documents, page by page.

A picture has one result; a document has one, too, whose lines say of which page they are.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from hub import given_images
from hub.errors import InvalidInputError
from hub.ocr.images import either
from hub.pictures.documents import open_document
from hub.pictures.levels import Image
from hub.pictures.pages import Asked, Pages, checked, chosen

log = logging.getLogger(__name__)

#: Gives one result per image: a list of lines, or with a picture an object of ``lines`` and ``image``.
Work = Callable[[list[Image]], Sequence[Any]]
#: An array, the pages that a server has read, the bytes of a document, or None for what cannot be read.
Input = Image | Pages | bytes | None
#: Pages of a document that are in memory at once.
_AT_ONCE: Final = 8


def chosen_inputs(images: Sequence[Any], paths: Sequence[str]) -> list[Input]:
    """Return what is to be read: one of the two must be given, not both.

    Args:
        images: arrays, ``Pages``, None, or files as :func:`hub.given_images.as_file` takes them.
        paths: files; one that cannot be read is left out with a warning.

    Raises:
        InvalidInputError: neither or both, a path is not a file, or no readable image, for which the messages
            are PaddleOCR's; an item that cannot be read.
    """
    images, paths = given_images.listed(images), given_images.listed(paths)
    return either(
        images,
        paths,
        lambda: [_input(item, f"images[{number}]") for number, item in enumerate(images)],
        lambda: [found for path in paths if (found := _file(path)) is not None],
    )


def examined(inputs: Sequence[Input], work: Work, asked: Asked, nothing: Any) -> list[Any]:
    """Return one result per input.

    Args:
        inputs: as ``chosen_inputs`` gives them.
        work: examines images.
        asked: which pages of a document; ``Pages`` are chosen already.
        nothing: the result of what cannot be read.

    Raises:
        InvalidInputError: ``asked`` has another form, or a page is not there.
    """
    asked = checked(asked)
    found = iter(work([image for each in inputs for image in _images(each)]))
    results = []
    for each in inputs:
        if each is None:
            results.append(copy.copy(nothing))
        elif isinstance(each, bytes):
            results.append(_document(each, work, asked))
        elif isinstance(each, Pages):
            pages = [[] if image is None else next(found) for image in each.images]
            results.append(_joined(each.numbers, pages))
        else:
            results.append(next(found))
    return results


def _images(item: Input) -> Iterator[Image]:
    if isinstance(item, Pages):
        yield from (image for image in item.images if image is not None)
    elif isinstance(item, np.ndarray):
        yield item


def _input(item: Any, where: str) -> Input:
    if item is None or isinstance(item, Pages):
        return item
    if given_images.is_array(item):
        return given_images.checked(item, where)
    data = given_images.as_file(item, where)
    try:
        with open_document(data) as document:
            return data if document.has_pages else document.page(0)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where} is not a readable image: {error}") from error


def _file(path: str) -> Input:
    if not Path(path).is_file():
        raise InvalidInputError(f"The {path} isn't a valid file.")
    try:
        return _input(Path(path).read_bytes(), path)
    except InvalidInputError as error:
        log.warning("error in loading image: %s", error)
        return None


def _document(data: bytes, work: Work, asked: Asked) -> Any:
    numbers: list[int] = []
    results: list[Any] = []
    with open_document(data) as document:
        limit = asked if isinstance(asked, int) else None
        pages = chosen(document, asked, limit)
        while part := list(islice(pages, _AT_ONCE)):
            images = []
            for number, page in part:
                if isinstance(page, InvalidInputError):
                    log.warning("page %d, counted from 0, cannot be read: %s", number, page)
                else:
                    numbers.append(number)
                    images.append(page)
            results += work(images)
    return _joined(numbers, results)


def _joined(numbers: Sequence[int], results: Sequence[Any]) -> Any:
    """Return the result of a document from those of its pages."""
    lines = []
    for number, result in zip(numbers, results, strict=True):
        lines += [{**line, "page": number} for line in _lines(result)]
    pictures = [result["image"] for result in results if isinstance(result, dict)]
    return {"lines": lines, "image": pictures[0], "images": pictures} if pictures else lines


def _lines(result: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = result["lines"] if isinstance(result, dict) else result
    return lines
