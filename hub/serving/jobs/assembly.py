"""From the results of a job's pages to what the synchronous route would have answered. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hub import envelope
from hub.serving.jobs.page_table import FinishedPage
from hub.serving.messages.job_inputs import Plan


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
    return results.strip()[1:-1].strip()  # as it came: to read a large integer is to round it


def whole(plan: Plan, pages: Sequence[FinishedPage]) -> tuple[bytes, str]:
    """Return the results of a job as JSON, and the envelope's ``msg``.

    A page that was given up is an entry with ``error``: in the place of its item's result, or among the
    entries of its document.
    """
    remarks = list(dict.fromkeys(text for page in pages if (text := page.remarks or _remark(page))))
    if not plan.argument:
        return pages[0].results, "; ".join(remarks)
    items: dict[int, list[FinishedPage]] = {}
    for page in pages:
        items.setdefault(page.input.item, []).append(page)
    results = [_item(found) for _, found in sorted(items.items())]
    return b"[%b]" % b",".join(results), "; ".join(remarks)


def line(page: FinishedPage) -> bytes:
    """Return one line of NDJSON."""
    about: dict[str, Any] = {"page": page.number}
    if page.error:
        return envelope.dumps({**about, "error": page.error}) + b"\n"
    if page.remarks:
        about["msg"] = page.remarks
    return envelope.dumps(about)[:-1] + b',"results":' + page.results + b"}\n"


def _remark(page: FinishedPage) -> str:
    return f"page {page.number} of the job failed: {page.error}" if page.error else ""


def _item(pages: list[FinishedPage]) -> bytes:
    first = pages[0]
    if first.input.page is None:
        return envelope.dumps({"error": first.error}) if first.error else first.results
    return envelope.dumps(_document(pages))


def _document(pages: list[FinishedPage]) -> Any:
    """Join the results of a document's pages: lists one after the other, objects by their lists."""
    errors = {page.number: {"page": page.input.page, "error": page.error} for page in pages if page.error}
    # By the standard library: orjson takes a large integer for a float.
    values = {page.number: json.loads(page.results) for page in pages if page.number not in errors}
    if all(isinstance(value, list) for value in values.values()):
        parts = [values.get(page.number, [errors.get(page.number)]) for page in pages]
        return [entry for part in parts for entry in part]
    objects = [value for value in values.values() if value != []]
    if all(isinstance(value, dict) for value in objects):
        joined = dict(objects[0])
        for name, value in joined.items():
            if isinstance(value, list):
                joined[name] = [entry for each in objects for entry in each.get(name, ())]
        return {**joined, "errors": list(errors.values())} if errors else joined
    return [
        errors.get(page.number) or {"page": page.input.page, "results": values[page.number]} for page in pages
    ]
