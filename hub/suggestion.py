"""Find the known word that was probably meant, for error messages. Standard library only."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

#: A beginning of fewer letters, or one of more words, says nothing.
_SHORTEST: Final = 3
_MOST: Final = 6


def closest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known word nearest to ``word``; capitals, dashes, spaces and underscores make no difference.

    ``cutoff`` is how alike they must be, from 0 to 1.
    """
    plain = {_plain(each): each for each in known}
    found = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def beginning_with(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words that begin with ``word``; none for less than three letters."""
    plain = _plain(word)
    return [each for each in known if len(plain) >= _SHORTEST and _plain(each).startswith(plain)]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean …?``, a sentence to append to a message, or nothing where no word is near."""
    known = list(known)
    if 1 < len(begun := beginning_with(word, known)) <= _MOST:
        return f" Did you mean {' or '.join(begun)}?"
    near = closest(word, known)
    return f" Did you mean {near}?" if near else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
