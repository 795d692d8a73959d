"""Errors of a page read, with and without the order of its lines, and the intervals of their rates.

Pure functions. Errors are insertions, deletions and replacements, as in :mod:`benchmarks.ocr_accuracy`:
spaces do not count, and full-width forms count as their ASCII twins.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.ocr_accuracy import canonical, errors

#: Resampled so often, with one seed.
SAMPLES: Final = 2000
#: A kind is worse where all of the interval is above so many points.
TOLERANCE: Final = 0.1


@dataclass(frozen=True)
class Page:
    """Errors of one page.

    Attributes:
        characters: written, without spaces.
        errors: whatever the order of the rows.
        ordered: errors of the whole page in the order in which it was read.
        spaces: written between words.
        space_errors: those that were not read, and those that are too many.
    """

    characters: int
    errors: int
    ordered: int
    spaces: int
    space_errors: int


Interval = tuple[float, float]


def score(rows: Sequence[Mapping[str, Any]], items: Sequence[Mapping[str, Any]]) -> Page:
    """Count the errors of a page.

    Args:
        rows: ``{"text", "box"}`` in reading order, as in labels.json.
        items: ``{"text", "text_region"}`` in the order in which they were read. An item belongs to the row
            that its centre is in, and is too much where that is in none.
    """
    quads = [np.array(row["box"], np.float32) for row in rows]
    pieces: list[list[tuple[float, str]]] = [[] for _ in rows]
    surplus = 0
    for item in items:
        centre = np.mean(np.array(item["text_region"], np.float32), axis=0)
        inside = [cv2.pointPolygonTest(quad, (float(centre[0]), float(centre[1])), True) for quad in quads]
        best = int(np.argmax(inside)) if inside else -1
        if best >= 0 and inside[best] >= 0:
            along = float((centre - quads[best][0]) @ (quads[best][1] - quads[best][0]))
            pieces[best].append((along, item["text"]))
        else:
            surplus += len(canonical(item["text"]))
    read = [" ".join(words for _, words in sorted(each)) for each in pieces]
    written = [row["text"] for row in rows]
    wrong = [
        distance(one, other) for one, other in zip(map(canonical, written), map(canonical, read), strict=True)
    ]
    spaced = [
        distance(one, other) for one, other in zip(map(_spaced, written), map(_spaced, read), strict=True)
    ]
    return Page(
        characters=len(canonical("".join(written))),
        errors=surplus + sum(wrong),
        ordered=distance(canonical("".join(written)), canonical("".join(item["text"] for item in items))),
        spaces=sum(_spaced(words).count(" ") for words in written),
        space_errors=max(0, sum(spaced) - sum(wrong)),
    )


def distance(one: str, other: str) -> int:
    """Return the edit distance of two texts; what they begin and end with alike costs nothing to compare."""
    first, most = 0, min(len(one), len(other))
    while first < most and one[first] == other[first]:
        first += 1
    last = 0
    while last < most - first and one[-1 - last] == other[-1 - last]:
        last += 1
    one, other = one[first : len(one) - last], other[first : len(other) - last]
    if not one or not other:
        return len(one) + len(other)
    # errors() leaves spaces out; here they count like letters where the caller left them in.
    return errors(one.replace(" ", "\x00"), other.replace(" ", "\x00"))


def _spaced(text: str) -> str:
    """Return a text as canonical() does, with one space where there are some."""
    straight = text.translate(str.maketrans("“”‘’", "\"\"''"))
    return " ".join(unicodedata.normalize("NFKC", straight).split())


def rate(wrong: Sequence[int], written: Sequence[int]) -> float:
    """Return errors per hundred written."""
    return 100 * sum(wrong) / sum(written)


def interval(wrong: Sequence[int], written: Sequence[int]) -> Interval:
    """Return the ends of the 95 % interval of a rate in per cent, or of a difference of two, over pages."""
    errors_, whole = _array(wrong), _array(written)
    chosen = np.random.default_rng(0).integers(0, len(errors_), (SAMPLES, len(errors_)))
    rates = 100 * errors_[chosen].sum(axis=1) / whole[chosen].sum(axis=1)
    low, high = np.percentile(rates, (2.5, 97.5))
    return float(low), float(high)


def _array(values: Sequence[int]) -> npt.NDArray[np.int64]:
    return np.array(values, np.int64)


def summary(pages: Sequence[Page], *, spaces: bool) -> dict[str, Any]:
    """Return the figures of one kind read by one setting, in per cent."""
    characters = [page.characters for page in pages]
    said = {
        "pages": len(pages),
        "characters": sum(characters),
        **_rate("errors", [page.errors for page in pages], characters),
        **_rate("ordered", [page.ordered for page in pages], characters),
    }
    if spaces:
        counts = [page.spaces for page in pages]
        said |= {
            "spaces": sum(counts),
            **_rate("space_errors", [page.space_errors for page in pages], counts),
        }
    return said


def _rate(name: str, wrong: Sequence[int], written: Sequence[int]) -> dict[str, Any]:
    low, high = interval(wrong, written)
    return {name: round(rate(wrong, written), 3), f"{name}_interval": [round(low, 3), round(high, 3)]}


def difference(pages: Sequence[Page], reference: Sequence[Page]) -> dict[str, Any]:
    """Return how many points more one setting has than another on the same pages, and whether it is worse.

    It is worse where the whole interval is more than a tenth of a point above 0.
    """
    characters = [page.characters for page in pages]
    said: dict[str, Any] = {}
    worse = False
    for name in ("errors", "ordered"):
        gaps = [
            getattr(one, name) - getattr(other, name) for one, other in zip(pages, reference, strict=True)
        ]
        said |= _rate(name, gaps, characters)
        worse = worse or said[f"{name}_interval"][0] > TOLERANCE
    return {**said, "worse": worse}
