"""From the results of a job's pages to what the synchronous route would have answered. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from hub import envelope
from hub.serving.jobs.page_table import FinishedPage, PageOutline
from hub.serving.messages.job_inputs import Plan

#: Returns the result of a page by its number.
Read = Callable[[int], bytes]
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_decoded: Final = json.JSONDecoder().raw_decode


class NotPerItemError(ValueError):
    """A module did not give one result for one item."""


def page_result(plan: Plan, results: bytes) -> bytes:
    """Return the result of one page from those of its request, which had this item alone.

    Raises:
        NotPerItemError: there is not one result.
    """
    if not plan.argument:
        return results
    found = envelope.loads(results, trusted=True)
    if not isinstance(found, list) or len(found) != 1:
        shown = f"{len(found)} results" if isinstance(found, list) else type(found).__name__
        raise NotPerItemError(f"the module gave {shown} for one of its {plan.argument}, not a list of one")
    return _inside(results)  # as it came: to read a large integer is to round it


def remarks(pages: Iterable[PageOutline]) -> str:
    """Return the envelope's ``msg`` for the result of a job."""
    return "; ".join(dict.fromkeys(text for page in pages if (text := page.remarks or _remark(page))))


def whole(plan: Plan, pages: Sequence[PageOutline], read: Read) -> Iterator[bytes]:
    """Yield the results of a job as JSON, piece by piece; a page is read when it is its turn.

    A page that was given up is an entry with ``error``: in the place of its item's result, or among the
    entries of its document. Results of pages are joined as they are, to the last digit.
    """
    if not plan.argument:
        yield read(pages[0].number)
        return
    items: dict[int, list[PageOutline]] = {}
    for page in pages:
        items.setdefault(page.input.item, []).append(page)
    yield b"["
    for place, item in enumerate(sorted(items)):
        if place:
            yield b","
        yield from _item(items[item], read)
    yield b"]"


def line(page: FinishedPage) -> bytes:
    """Return one line of NDJSON."""
    about: dict[str, Any] = {"page": page.number}
    if page.error:
        return envelope.dumps({**about, "error": page.error}) + b"\n"
    if page.remarks:
        about["msg"] = page.remarks
    return envelope.dumps(about)[:-1] + b',"results":' + page.results + b"}\n"


def _remark(page: PageOutline) -> str:
    return f"page {page.number} of the job failed: {page.error}" if page.error else ""


def _item(pages: Sequence[PageOutline], read: Read) -> Iterator[bytes]:
    first = pages[0]
    if first.input.page is not None:
        yield from _document(pages, read)
    elif first.error:
        yield envelope.dumps({"error": first.error})
    else:
        yield read(first.number)


def _document(pages: Sequence[PageOutline], read: Read) -> Iterator[bytes]:
    """Join the results of a document's pages: lists one after the other, objects by their lists."""
    found = [page for page in pages if not page.error]
    objects = [page for page in found if page.beginning != b"[]"]
    if all(page.beginning.startswith(b"[") for page in found):
        yield from _one_list(_error(page) if page.error else _inside(read(page.number)) for page in pages)
    elif all(page.beginning.startswith(b"{") for page in objects):
        yield from _one_object(objects, [page for page in pages if page.error], read)
    else:
        yield from _one_list(
            _error(page) or b'{"page":%d,"results":%b}' % (page.input.page or 0, read(page.number))
            for page in pages
        )


def _one_list(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a list of entries; each part is some of them, or none."""
    yield b"["
    is_first = True
    for part in filter(None, parts):
        if not is_first:
            yield b","
        yield part
        is_first = False
    yield b"]"


def _one_object(objects: Sequence[PageOutline], failed: Sequence[PageOutline], read: Read) -> Iterator[bytes]:
    """Yield the first object, with the lists of all; each page is read once for each of its lists."""
    members = _members(read(objects[0].number))
    if failed:
        members["errors"] = b"".join(_one_list(map(_error, failed)))
    yield b"{"
    for place, (name, value) in enumerate(members.items()):
        yield (b"," if place else b"") + envelope.dumps(name) + b":"
        if value.startswith(b"[") and not (failed and name == "errors"):
            lists = (_members(read(page.number)).get(name, b"[]") for page in objects)
            yield from _one_list(_inside(each) if each.startswith(b"[") else each for each in lists)
        else:
            yield value
    yield b"}"


def _error(page: PageOutline) -> bytes:
    """Return the entry of a page that was given up; empty for another."""
    return envelope.dumps({"page": page.input.page, "error": page.error}) if page.error else b""


def _inside(data: bytes) -> bytes:
    """Return the entries of a list."""
    return data.strip()[1:-1].strip()


def _members(data: bytes) -> dict[str, bytes]:
    """Return the members of an object by name, their values as they are."""
    text = data.decode()

    def skipped(position: int) -> int:
        found = _SPACE.match(text, position)
        return found.end() if found else position

    found: dict[str, bytes] = {}
    position = skipped(skipped(0) + 1)  # behind the brace
    while text[position] != "}":
        name, position = _decoded(text, position)
        start = skipped(skipped(position) + 1)  # behind the colon
        _, end = _decoded(text, start)
        found[name] = text[start:end].encode()
        position = skipped(end)
        if text[position] == ",":
            position = skipped(position + 1)
    return found
