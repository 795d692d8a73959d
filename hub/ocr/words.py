"""Finds the words of a line, from the steps at which its characters were read.

Words are grouped, and boxes measured, as PaddleX does for ``returnWordBox``; on an upright line the boxes
are the same to the pixel. On a tilted or upside-down line they follow the line, where PaddleX's do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from hub.ocr.ctc import Reading
from hub.ocr.geometry import Box, Image, is_column

#: Neighbours of one kind; a point before a digit and a hyphen join the letters before them.
_GROUPS: Final = re.compile(
    r"(?P<chinese>[\u4e00-\u9fff]+)"
    r"|(?P<latin>[a-zA-Z0-9](?:[a-zA-Z0-9-]|\.(?=[0-9]))*)"
    r"|(?P<symbol>[^\u4e00-\u9fffa-zA-Z0-9]+)"
)


class Word(NamedTuple):
    """``box`` is the upright rectangle around it: left, top, right, bottom in whole pixels."""

    text: str
    box: tuple[int, int, int, int]

    @property
    def corners(self) -> list[list[int]]:
        """The same as four corners [x, y], clockwise from the top left."""
        left, top, right, bottom = self.box
        return [[left, top], [right, top], [right, bottom], [left, bottom]]


def words(reading: Reading, box: Box, *, turned: bool = False) -> list[Word]:
    """Cut a line into words: each Chinese character, each run of letters and digits, each run of the rest.

    Args:
        reading: with its ``columns``.
        box: the line's corners, float32 (4, 2), clockwise from the top left.
        turned: the line was read upside down, so that its steps count from the other end.
    """
    if not reading.text:
        return []
    groups = list(_GROUPS.finditer(reading.text))
    quarter = is_column(box) if reading.quarter is None else reading.quarter
    along = _Line(box, reading.steps, quarter=quarter, turned=turned)
    size = _chinese_size(groups, reading, along)
    found = []
    for group in groups:
        start, end = group.span()
        if group["chinese"]:
            for index in range(start, end):
                centre = (reading.columns[index] + 0.5) * along.step
                edges = max(int(centre - size / 2), 0), min(int(centre + size / 2), along.length)
                found.append(Word(reading.text[index], along.rectangle(*edges)))
        else:
            edges = int(reading.columns[start] * along.step), int((reading.columns[end - 1] + 1) * along.step)
            found.append(Word(group[0], along.rectangle(*edges)))
    return found


def words_across(reading: Reading, line: Image) -> list[Word]:
    """Return the words of a line that is a picture of its own, read as it stands: uint8 (h, w, 3)."""
    height, width = line.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return words(reading._replace(quarter=False), corners)


def word_fields(found: Sequence[Word] | None) -> dict[str, Any]:
    """Return what PaddleOCR adds to a line with words; nothing for None."""
    if found is None:
        return {}
    return {
        "text_word": [word.text for word in found],
        "text_word_region": [word.corners for word in found],
    }


class _Line:
    """Positions along a line, in pixels from where its steps begin."""

    def __init__(self, box: Box, steps: float, *, quarter: bool, turned: bool) -> None:
        self._turned = turned
        top_left, top_right, bottom_right, bottom_left = box
        # The two long sides, each from where reading begins to where it ends.
        self._sides = (
            ((top_left, bottom_left), (top_right, bottom_right))
            if quarter
            else ((top_left, top_right), (bottom_left, bottom_right))
        )
        self.length = float(max(np.linalg.norm(end - start) for start, end in self._sides))
        self.step = self.length / steps

    def rectangle(self, start: float, end: float) -> tuple[int, int, int, int]:
        """Return the upright rectangle around the part of the line between two positions."""
        shares = np.clip(np.array([start, end]) / self.length, 0, 1)
        if self._turned:
            shares = 1 - shares
        corners = np.array([a + share * (b - a) for a, b in self._sides for share in shares])
        left, top = np.rint(corners.min(axis=0)).astype(int).tolist()
        right, bottom = np.rint(corners.max(axis=0)).astype(int).tolist()
        return left, top, right, bottom


def _chinese_size(groups: list[re.Match[str]], reading: Reading, along: _Line) -> float:
    """Return the mean width of a Chinese character: of runs of several, else as if all were alike."""
    sizes = [
        (reading.columns[end - 1] - reading.columns[start] + 1) * along.step / (end - start - 1)
        for start, end in (group.span() for group in groups if group["chinese"])
        if end - start > 1
    ]
    return sum(sizes) / len(sizes) if sizes else along.length / max(1, len(reading.text))
