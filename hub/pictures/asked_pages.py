"""The wish for pages of a request's documents. Standard library only: the gateway checks it, too."""

from __future__ import annotations

from typing import Any, Final

from hub.errors import InvalidInputError

#: A wish for pages: the first so many, those with these numbers (from 0), or None for the usual ones.
Asked = int | list[int] | None
#: The argument for it.
PAGES: Final = "pages"


def checked(asked: Any) -> Asked:
    """Return ``pages`` of a request.

    Raises:
        InvalidInputError: it is neither a number of pages nor a list of their numbers.
    """
    if asked is None or (_is_whole(asked) and asked > 0):
        return asked  # type: ignore[no-any-return]
    if isinstance(asked, list) and asked and all(_is_whole(each) and each >= 0 for each in asked):
        return list(dict.fromkeys(asked))
    raise InvalidInputError(
        f"pages must be how many of the first pages to read, from 1, or a list of their numbers, from 0, not "
        f"{asked!r}"[:300]
    )


def _is_whole(value: Any) -> bool:
    return type(value) is int
