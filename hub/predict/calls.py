"""The calls that a file needs, and one result from their replies.

A long document is sent once for every ten of its pages, so that neither a server's limits nor a request's
timeout depend on its length.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hub.errors import InvalidInputError
from hub.pictures.documents import open_document
from hub.pictures.kinds import PDF
from hub.pictures.pages import DEFAULT_PAGES, PAGES, chosen
from hub.predict.files import format_of

#: A pipeline's serving method takes these two (:mod:`hub.serving.runner.endpoints`).
ENDPOINT, BODY = "endpoint", "body"
#: The endpoint of PaddleX's OCR pipeline.
_OCR: Final = "ocr"


def by_pages(path: Path, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of each call for a file that may have several pages."""
    numbers = [] if PAGES in arguments else page_numbers(path)
    if len(numbers) <= DEFAULT_PAGES:
        yield dict(arguments)
        return
    for start in range(0, len(numbers), DEFAULT_PAGES):
        yield {**arguments, PAGES: numbers[start : start + DEFAULT_PAGES]}


def page_numbers(path: Path) -> list[int]:
    """Return the numbers of a document's pages; none for a picture, or for what cannot be opened here.

    The module says what is wrong with the latter.
    """
    kind = format_of(path)
    if kind != PDF and not kind.is_picture:
        return []
    try:
        with open_document(path.read_bytes()) as document:
            if document.is_animation:
                return [number for number, _ in chosen(document, None, None)]
            return list(range(document.total)) if document.has_pages else []
    except (InvalidInputError, OSError):
        return []


def joined(results: Sequence[Any]) -> Any:
    """Return one result of those for parts of a document: lists of one list, or of one object, each."""
    first = results[0]
    if len(results) == 1:
        return first
    parts = [each[0] for each in results]
    if not isinstance(parts[0], dict):
        return [[line for part in parts for line in part]]
    lines = [line for part in parts for line in part["lines"]]
    pictures = [picture for part in parts for picture in part.get("images", [])]
    return [{**parts[0], "lines": lines, "images": pictures}]


def to_endpoint(path: Path, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the call of a pipeline for a file.

    Args:
        path: the file.
        arguments: may say another ``endpoint``, and fields of the ``body``.

    Raises:
        InvalidInputError: the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from error
    file = {"file": base64.b64encode(data).decode(), "fileType": 0 if format_of(path) == PDF else 1}
    body = {"visualize": False, **file, **arguments.get(BODY, {})}
    return {**arguments, ENDPOINT: arguments.get(ENDPOINT, _OCR), BODY: body}


def from_endpoint(results: Any) -> tuple[Any, str]:
    """Return results in ``ocr_system``'s form, and a remark; another pipeline's reply is as it is.

    Raises:
        InvalidInputError: the pipeline refused the file.
    """
    reply = results["reply"]
    if results["http_status"] != 200:
        raise InvalidInputError(str(reply.get("errorMsg", reply)))
    result = reply.get("result", reply)
    if "ocrResults" not in result:
        return result, ""
    has_pages = result["dataInfo"]["type"] != "image"
    lines = []
    for number, page in enumerate(result["ocrResults"]):
        found = page["prunedResult"]
        read = zip(found["rec_texts"], found["rec_scores"], found["rec_polys"], strict=True)
        for text, score, corners in read:
            line = {"text": text, "confidence": score, "text_region": corners}
            lines.append({**line, "page": number} if has_pages else line)
    return [lines], "; ".join(result.get("warnings", ()))
