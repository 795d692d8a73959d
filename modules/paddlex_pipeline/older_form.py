"""Requests in the form of PaddleX's 2024 releases, put into today's.

Of the pipelines of one model, only image classification had parameters in a request: ``inferenceParams`` with
``topK``. PaddleX 3 ignores what it does not know, so such a client would get five classes where it asked for
one.
"""

from __future__ import annotations

from typing import Any, Final

#: Route → the names that parameters had then, and have today.
_RENAMED: Final = {"image-classification": {"topK": "topk"}}


def translated(endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with its older parameters under today's names; one that is given as well wins."""
    given = body.get("inferenceParams")
    if not isinstance(given, dict):
        return body
    names = _RENAMED.get(endpoint, {})
    return {**{new: given[old] for old, new in names.items() if old in given}, **body}
