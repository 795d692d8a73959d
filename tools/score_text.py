"""Compare recognised text with what is really written: reading order, alignment, character accuracy.

Pure functions on lists and strings, used by demo.py. Spaces do not count: recognisers see them, or
not, by the width of a gap. Those between Latin words have a count of their own. Everything else counts as
it is written, full-width punctuation too.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any


@dataclass(frozen=True)
class Line:
    """One written line and the part of the recognised text that belongs to it.

    Attributes:
        written: the label.
        read: the recognised characters, spaces left in.
        misread: for each character of ``read``, whether it is wrong or too much.
    """

    written: str
    read: str
    misread: tuple[bool, ...]


@dataclass(frozen=True)
class Score:
    """The result of comparing one picture, or several."""

    characters: int
    edits: int
    lines: tuple[Line, ...] = ()

    @property
    def accuracy(self) -> float:
        """1 minus edits per written character, at least 0; text where none is written gives 0."""
        if not self.characters:
            return 0.0 if self.edits else 1.0
        return max(0.0, 1 - self.edits / self.characters)


def total(scores: Sequence[Score]) -> Score:
    """Add up several pictures: every character weighs the same."""
    return Score(sum(score.characters for score in scores), sum(score.edits for score in scores))


def reading_order(items: Sequence[dict[str, Any]]) -> list[str]:
    """Return the texts of ocr_system's items row by row, each row from left to right.

    The server sorts by the height of corners, which a tilted page mixes up; here the page is first
    turned upright by the median slope of its lines.
    """
    if not items:
        return []
    angle = statistics.median(_slope(item["text_region"]) for item in items)
    placed = sorted((*_upright_centre(item["text_region"], angle), str(item["text"])) for item in items)
    half_line = statistics.median(_line_height(item["text_region"]) for item in items) / 2
    rows: list[list[tuple[float, float, str]]] = []
    for y, x, text in placed:
        if rows and y - statistics.fmean(entry[0] for entry in rows[-1]) < half_line:
            rows[-1].append((y, x, text))
        else:
            rows.append([(y, x, text)])
    return [text for row in rows for _, _, text in sorted(row, key=lambda entry: entry[1])]


def score(written: Sequence[str], read: Sequence[str]) -> Score:
    """Compare the lines of a picture with the texts read from it, both in reading order.

    How the text is cut into pieces does not matter: all of it is aligned character by character, and
    what was read is then shared out among the written lines.
    """
    label = [character for line in written for character in line if not character.isspace()]
    raw = " ".join(read)
    places = [index for index, character in enumerate(raw) if not character.isspace()]
    edits, partner = _align(label, [raw[index] for index in places])
    owner = _owning_lines(written, partner)
    lines = []
    for number, line in enumerate(written):
        mine = [at for at, line_number in enumerate(owner) if line_number == number]
        if not mine:
            lines.append(Line(line, "", ()))
            continue
        first, last = places[mine[0]], places[mine[-1]]
        right = {places[at] for at in mine if (k := partner[at]) is not None and label[k] == raw[places[at]]}
        misread = tuple(index not in right and not raw[index].isspace() for index in range(first, last + 1))
        lines.append(Line(line, raw[first : last + 1], misread))
    return Score(len(label), edits, tuple(lines))


def word_spaces(lines: Sequence[Line]) -> tuple[int, int]:
    """Return how many of the spaces between Latin words were read as one, and how many are written."""
    found = [was_read for line in lines for was_read in _word_spaces(line)]
    return sum(found), len(found)


def _word_spaces(line: Line) -> Iterator[bool]:
    words = line.written.split()
    letters, read = "".join(words), "".join(line.read.split())
    before_space = {len("".join(line.read[:at].split())) for at, c in enumerate(line.read) if c.isspace()}
    blocks = SequenceMatcher(None, letters, read, autojunk=False).get_matching_blocks()
    partner = {block.a + i: block.b + i for block in blocks for i in range(block.size)}
    end = 0  # of a word, in characters without spaces
    for word, following in itertools.pairwise(words):
        end += len(word)
        if _is_latin(word) and _is_latin(following):
            places = [partner[at] + step for at, step in ((end - 1, 1), (end, 0)) if at in partner]
            yield any(place in before_space for place in places)


def _is_latin(word: str) -> bool:
    return word.isascii() and any(character.isalpha() for character in word)


def _align(label: Sequence[str], read: Sequence[str]) -> tuple[int, list[int | None]]:
    """Edit distance, and for each read character the index of its label character (None: too much)."""
    costs = [list(range(len(read) + 1))]
    for row, wanted in enumerate(label, 1):
        above, current = costs[-1], [row]
        for column, got in enumerate(read, 1):
            change = above[column - 1] + (wanted != got)
            current.append(min(change, above[column] + 1, current[-1] + 1))
        costs.append(current)
    partner: list[int | None] = [None] * len(read)
    row, column = len(label), len(read)
    while row and column:
        here = costs[row][column]
        if here == costs[row - 1][column - 1] + (label[row - 1] != read[column - 1]):
            row, column = row - 1, column - 1
            partner[column] = row
        elif here == costs[row - 1][column] + 1:
            row -= 1
        else:
            column -= 1
    return costs[-1][-1], partner


def _owning_lines(written: Sequence[str], partner: Sequence[int | None]) -> list[int]:
    """For each read character the number of its written line; what is too much goes with the one before."""
    line_of = [number for number, line in enumerate(written) for character in line if not character.isspace()]
    owners: list[int] = []
    for index in partner:
        owners.append(line_of[index] if index is not None else (owners[-1] if owners else 0))
    return owners


def _slope(quad: Sequence[Sequence[float]]) -> float:
    (x0, y0), (x1, y1) = quad[0], quad[1]
    return math.atan2(y1 - y0, x1 - x0)


def _upright_centre(quad: Sequence[Sequence[float]], angle: float) -> tuple[float, float]:
    """Height and horizontal place of a region's centre after the page is turned back by ``angle``."""
    x = statistics.fmean(corner[0] for corner in quad)
    y = statistics.fmean(corner[1] for corner in quad)
    return y * math.cos(angle) - x * math.sin(angle), x * math.cos(angle) + y * math.sin(angle)


def _line_height(quad: Sequence[Sequence[float]]) -> float:
    return math.dist(quad[0], quad[3])
