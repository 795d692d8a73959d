"""Reading order of a page by its lines: at any size of the text, at any tilt, on any side of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from hub.ocr.geometry import Box

#: Two pieces are of one line where they share this part of the smaller one's height, …
_SHARED_HEIGHT: Final = 0.5
#: … and are beside each other: they share at most this part of the shorter one's length.
_SHARED_LENGTH: Final = 0.5
#: A piece this many times as long as high tells how its page is tilted.
_TELLING: Final = 2.0
#: Each pass puts pieces together with the tilt that the lines of the pass before have.
_PASSES: Final = 3


class _Piece(NamedTuple):
    """A box on the page once it is upright: its centre, its length along the line, its height."""

    x: float
    y: float
    length: float
    height: float


def line_order(boxes: Sequence[Box], *, vertical: bool = False, flipped: bool = False) -> list[int]:
    """Return the boxes' indices in reading order, line by line.

    Args:
        boxes: float32 (4, 2), corners in pixels, clockwise from the top left.
        vertical: lines run from top to bottom, the first of them on the right (columns of Chinese, and a
            page on its side).
        flipped: they run the other way round.
    """
    if len(boxes) < 2:
        return list(range(len(boxes)))
    along, down, centres = _upright(np.stack(boxes), vertical=vertical, flipped=flipped)
    lengths, heights = np.linalg.norm(along, axis=1), np.linalg.norm(down, axis=1)
    angles = np.arctan2(along[:, 1], along[:, 0])
    tilt = _weighted_median(angles, np.where(lengths >= _TELLING * heights, lengths, 0.0))
    for _ in range(_PASSES):
        turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
        turned = centres @ turn.T
        places = zip(turned[:, 0], turned[:, 1], lengths, heights, strict=True)
        pieces = [_Piece(*map(float, place)) for place in places]
        lines = _lines(pieces)
        rest = _tilt_of(lines, pieces)
        tilt += rest
        if not rest:
            break
    return [index for line in lines for index in line]


def _upright(
    boxes: npt.NDArray[np.float32], *, vertical: bool, flipped: bool
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Return the sides along the line and across it, and the centres, turned as the page would be."""
    corners = boxes.astype(np.float64)
    if vertical:  # as crop() turns a column: counter-clockwise
        corners = np.stack([corners[..., 1], -corners[..., 0]], axis=-1)
    if flipped:
        corners = -corners
    first, second, third, fourth = np.moveaxis(corners, 1, 0)
    one, other = (second - first + third - fourth) / 2, (fourth - first + third - second) / 2
    swapped = (np.abs(one[:, :1]) < np.abs(other[:, :1])).repeat(2, axis=1)
    along, down = np.where(swapped, other, one), np.where(swapped, one, other)
    return np.where(along[:, :1] < 0, -along, along), down, corners.mean(axis=1)


def _lines(pieces: Sequence[_Piece]) -> list[list[int]]:
    """Put pieces together to lines, from the top; each line from left to right."""
    highest = max(piece.height for piece in pieces)
    lines: list[list[int]] = []
    first = 0  # lines before it are too far above to get another piece
    for index in sorted(range(len(pieces)), key=lambda index: (pieces[index].y, pieces[index].x)):
        piece = pieces[index]
        while first < len(lines) and piece.y - pieces[lines[first][-1]].y > 2 * highest:
            first += 1
        fits = [(_fit(piece, [pieces[i] for i in line]), line) for line in lines[first:]]
        fit, best = max(fits, key=itemgetter(0), default=(0.0, []))
        if fit >= _SHARED_HEIGHT:
            best.append(index)
        else:
            lines.append([index])
    lines.sort(key=lambda line: sum(pieces[i].y for i in line) / len(line))
    return [sorted(line, key=lambda index: pieces[index].x) for line in lines]


def _fit(piece: _Piece, line: Sequence[_Piece]) -> float:
    """Return which part of its height a piece shares with its neighbour in a line; 0 for no place in it."""
    if piece.y - line[-1].y > 2 * max(piece.height, line[-1].height):
        return 0.0
    if any(_shared(piece.x, piece.length, other.x, other.length) > _SHARED_LENGTH for other in line):
        return 0.0
    nearest = min(line, key=lambda other: abs(other.x - piece.x) - (other.length + piece.length) / 2)
    return _shared(piece.y, piece.height, nearest.y, nearest.height)


def _shared(centre: float, size: float, other_centre: float, other_size: float) -> float:
    """Return how much two stretches overlap, as a part of the smaller one."""
    overlap = (size + other_size) / 2 - abs(centre - other_centre)
    smaller = min(size, other_size)
    return min(overlap, smaller) / smaller if smaller > 0 else 0.0


def _tilt_of(lines: Sequence[Sequence[int]], pieces: Sequence[_Piece]) -> float:
    """Return how far lines still rise or fall, in radians, by the centres of their first and last piece."""
    ends = [(pieces[line[0]], pieces[line[-1]]) for line in lines if len(line) > 1]
    if not ends:
        return 0.0
    spans = np.array([last.x - first.x for first, last in ends])
    rises = np.array([last.y - first.y for first, last in ends])
    return _weighted_median(np.arctan2(rises, np.maximum(spans, 1e-6)), np.maximum(spans, 0.0))


def _weighted_median(values: npt.NDArray[np.floating], weights: npt.NDArray[np.floating]) -> float:
    """Return the value with half of the weight on either side; 0 where there is no weight."""
    if not weights.sum():
        return 0.0
    order = np.argsort(values)
    upto = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(upto, upto[-1] / 2)])
