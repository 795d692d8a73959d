"""Lines that are read from right to left: from the order of a model, left to right, to that of reading."""

from __future__ import annotations

import re
from typing import Final

#: Hebrew, Arabic, Syriac, Thaana, N'Ko and their forms, without the digits, which run from left to right.
_RIGHT_TO_LEFT: Final = "\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_LETTER: Final = re.compile(rf"(?=\w)[{_RIGHT_TO_LEFT}]")
#: Letters of other scripts, and all digits.
_OTHER: Final = rf"(?![{_RIGHT_TO_LEFT}])\w"
_OTHER_LETTER: Final = re.compile(rf"{_OTHER}(?<!\d)")
#: A word, a number, or several of them with what joins them: they keep their order. Or a single character.
_KEPT: Final = re.compile(rf"[+\-#$€£¥]?{_OTHER}(?:(?:{_OTHER}|[ :*./%+,@_-])*{_OTHER})?[%‰°€]?|.", re.DOTALL)
#: In a line of another script: what is between the first and the last letter of a stretch.
_STRETCH: Final = re.compile(
    rf"[{_RIGHT_TO_LEFT}](?:(?:(?!{_OTHER}(?<!\d)).)*[{_RIGHT_TO_LEFT}])?", re.DOTALL
)
#: PaddleOCR's set of characters that keep their order.
_LATIN_OR_ONE: Final = re.compile(r"[a-zA-Z0-9 :*./%+-]+|.", re.DOTALL)

Spans = list[tuple[int, int]]


def spans_by_letters(text: str) -> Spans:
    """Return the parts of a line in the order of reading, by its letters.

    A line whose letters are Arabic, Hebrew and the like for at least a half is turned round; in others the
    stretches of such letters are. Words of other scripts and numbers keep their order.
    """
    turned = len(_LETTER.findall(text))
    if not turned:
        return [(0, len(text))]
    if turned >= len(_OTHER_LETTER.findall(text)):
        return _reversed(text, 0, len(text))
    spans: Spans = []
    at = 0
    for stretch in _STRETCH.finditer(text):
        spans += [(at, stretch.start()), *_reversed(text, *stretch.span())]
        at = stretch.end()
    return [*spans, (at, len(text))]


def _reversed(text: str, start: int, end: int) -> Spans:
    return [match.span() for match in _KEPT.finditer(text, start, end)][::-1]


def paddleocr_spans(text: str) -> Spans:
    """Return the parts of a line in PaddleOCR's order: every line is turned round."""
    return [match.span() for match in _LATIN_OR_ONE.finditer(text)][::-1]
