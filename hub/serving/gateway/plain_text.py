"""Results as plain text, for a caller that wants no JSON: ``Accept: text/plain`` or ``?format=text``.

A line of text for each entry of a result; between pages, and between the results of several images, a form
feed, as in what ``pdftotext`` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub import envelope
from hub.errors import BindingError
from hub.serving.gateway.delivery import ModuleReply
from hub.serving.gateway.exchange import Request

PAGE_BREAK = "\f"
_FORMATS = ("json", "text")
_ANYTHING = "*/*"
#: Headers of most programs; they need not be parsed.
_NO_TEXT = (_ANYTHING, "application/json")


def format_asked(request: Request) -> str | None:
    """Return ``format`` of the request's query, None where there is none; raises BindingError."""
    if not request.variables.get("QUERY_STRING"):  # usual, and need not be parsed
        return None
    asked = request.parsed.args.get("format")
    if asked is not None and asked not in _FORMATS:
        raise BindingError(f"format must be {' or '.join(_FORMATS)}, not {asked!r}"[:200])
    return asked


def is_preferred(request: Request) -> bool:
    """Tell whether the caller would rather have text than JSON by its ``Accept``."""
    if request.get("Accept", _ANYTHING) in _NO_TEXT:
        return False
    accepted = request.parsed.accept_mimetypes
    return bool(accepted.quality("text/plain") > accepted.quality("application/json"))


def as_text(reply: ModuleReply) -> str | None:
    """Return the text in the results; None where they have none, as boxes or classes."""
    results = envelope.loads(reply.results)
    if not isinstance(results, list):
        return None
    numbers = reply.header.pages
    if len(numbers) != len(results):
        numbers = [()] * len(results)
    pages = [page for result, read in zip(results, numbers, strict=True) for page in _pages(result, read)]
    texts = [[_text(entry) for entry in page] for page in pages]
    if any(text is None for page in texts for text in page):
        return None
    return PAGE_BREAK.join("".join(f"{text}\n" for text in page) for page in texts)


def _pages(result: Any, numbers: Sequence[int]) -> list[list[Any]]:
    """Return the entries of a result, page by page, also of pages without any."""
    if isinstance(result, dict) and "lines" in result:
        result = result["lines"]
    entries = result if isinstance(result, list) else [result]
    if len(numbers) < 2:
        return [entries]
    first = numbers[0]
    return [[entry for entry in entries if _page(entry, first) == number] for number in numbers]


def _page(entry: Any, otherwise: int) -> Any:
    return entry.get("page", otherwise) if isinstance(entry, dict) else otherwise


def _text(entry: Any) -> str | None:
    text = entry.get("text") if isinstance(entry, dict) else entry
    return text if isinstance(text, str) else None
