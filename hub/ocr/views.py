"""The ways in which a piece of text may be read, and which of them was right.

PaddleOCR turns whatever is half as high again as wide, a lone "1" too, and what its classifier calls upside
down, a lone "6" too. Where shape and classifier leave a doubt, the piece is read in both ways here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np

from hub.ocr.ctc import Reading
from hub.ocr.geometry import Box, Image, crop, is_column, side_lengths
from hub.ocr.rules import Rules

#: A single character is less than this many times as high as wide, with what the detector adds around it.
_CHARACTER_RATIO: Final = 4.0
#: A tall character is cut out with this part of its height on either side: recognisers know no narrower ones.
_WIDENED: Final = 0.15
#: A column of several characters is believed from here on, whatever it looks like when it is not turned.
_SURE: Final = 0.7
#: How much better than the likely way an unlikely one has to be.
_MARGIN: Final = 0.1
#: The classifier sees a line squeezed to four times its height, and guesses from about sixteen times on.
_BEGINNING: Final = 8
#: Sides that differ by less than this factor do not tell which way a page's lines run.
_TELLING: Final = 2.0


class View(NamedTuple):
    """A piece as the recogniser gets it.

    Attributes:
        image: uint8 (h, w, 3), BGR.
        quarter: turned by 90 degrees counter-clockwise, as a column is.
        half: turned by 180 degrees.
    """

    image: Image
    quarter: bool
    half: bool


class Side(NamedTuple):
    """How a page was put under the camera.

    Attributes:
        vertical: its lines run from top to bottom, or the other way with ``flipped``.
        flipped: its lines are upside down.
    """

    vertical: bool = False
    flipped: bool = False


def beginning(line: Image) -> Image:
    """Return as much of a line as the classifier can judge."""
    return line[:, : _BEGINNING * line.shape[0]]


def side_of(boxes: Sequence[Box], flags: Sequence[bool] | None, rules: Rules) -> Side:
    """Tell how a page stands, by its long pieces.

    Args:
        boxes: of the page.
        flags: for each whether the classifier calls it upside down; None where it did not run.
        rules: only with ``turn_pages`` may a page be upside down.
    """
    sides = np.array([side_lengths(box) for box in boxes], np.float64).reshape(-1, 2)
    widths, heights = sides.T
    column_length = np.maximum(heights - _TELLING * widths, 0).sum()
    vertical = bool(column_length > np.maximum(widths - _TELLING * heights, 0).sum())
    if flags is None or not rules.turn_pages:
        return Side(vertical)
    # A single character tells nothing: 6 and 9, O, a dash.
    lengths = np.abs(heights - widths)
    return Side(vertical, bool(2 * (lengths * np.array(flags, bool)).sum() > lengths.sum()))


def views(image: Image, box: Box, cut: Image, side: Side, rules: Rules, *, flag: bool) -> list[View]:
    """Return the ways to read a piece, the likely one first, those of one quarter beside each other.

    Args:
        image: the page.
        box: where the piece is.
        cut: the piece, turned as its shape says.
        side: of the page.
        rules: which doubts there are.
        flag: whether the classifier calls the piece upside down.
    """
    column = is_column(box)
    halves = [flag]
    if rules.turn_pages:
        halves = [side.flipped] if flag == side.flipped else [side.flipped, flag]
    found = [View(_turned(cut, half), column, half) for half in halves]
    if rules.upright_characters and (column or side.vertical) and _may_be_character(box):
        other = crop(image, box, quarter=not column, widened=_WIDENED if column else 0.0)
        found.append(View(_turned(other, side.flipped), not column, side.flipped))
    return found


def _turned(cut: Image, half: bool) -> Image:
    return cv2.rotate(cut, cv2.ROTATE_180) if half else cut


def _may_be_character(box: Box) -> bool:
    longer, shorter = sorted(side_lengths(box), reverse=True)
    return longer < _CHARACTER_RATIO * shorter


def best(choices: Sequence[View], readings: Sequence[Reading], side: Side) -> int:
    """Return which of the views of a piece was the right one."""
    likely = 0
    same_quarter = [i for i, view in enumerate(choices) if view.quarter == choices[0].quarter]
    for other in same_quarter[1:]:
        if readings[other].confidence > readings[likely].confidence + _MARGIN:
            likely = other
    if len(same_quarter) == len(choices):
        return likely
    other = len(choices) - 1
    if not choices[likely].quarter:  # on a page on its side
        return other if readings[other].confidence > readings[likely].confidence + _MARGIN else likely
    return likely if _is_column(readings[likely], readings[other], side) else other


def _is_column(turned: Reading, upright: Reading, side: Side) -> bool:
    if len(turned.text) > 1:
        return turned.confidence >= _SURE or turned.confidence >= upright.confidence
    if side.vertical:
        return turned.confidence >= upright.confidence
    return not upright.text


def placed(reading: Reading, view: View, box: Box) -> Reading:
    """Return a reading that says how its box was read, where that is not what its shape says."""
    if view.quarter == is_column(box):
        return reading
    if view.quarter or not reading.columns:
        return reading._replace(quarter=view.quarter)
    # It was read in a wider picture than the box is; a single character has all of it.
    count = len(reading.text)
    return reading._replace(quarter=False, columns=tuple(range(count)), steps=float(count))
