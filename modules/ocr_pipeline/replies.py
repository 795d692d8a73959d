"""Turns the text of a page into the JSON that PaddleX's clients expect."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from hub.ocr.geometry import Box, Image
from hub.ocr.orientation import Orientation
from hub.ocr.params import DetectorParams
from hub.ocr.pipeline import Page
from hub.ocr.visualize import drawn_jpeg, fetched_font, jpeg, png, side_by_side

from .preprocessor import Preprocessed

#: An entry of ``textline_orientation_angles`` where no classifier ran.
_NOT_RUN: Final = -1


@dataclass(frozen=True)
class Asked:
    """How a page is read; with ``orientation`` it is turned upright before."""

    detection: DetectorParams
    upright: bool
    score: float
    orientation: Orientation | None
    word_boxes: bool


def pruned_result(prepared: Preprocessed, page: Page, asked: Asked) -> dict[str, Any]:
    """Return PaddleX's ``prunedResult``."""
    kept = _kept(page, asked)
    boxes = [_corners(page.boxes[i]) for i in kept]
    turns = asked.orientation is not None
    result = {
        "model_settings": {"use_doc_preprocessor": turns, "use_textline_orientation": asked.upright},
        **({"doc_preprocessor_res": prepared.pruned_result} if turns else {}),
        "dt_polys": [_corners(box) for box in page.boxes],
        "text_det_params": {
            "limit_side_len": asked.detection.det_limit_side_len,
            "limit_type": asked.detection.det_limit_type,
            "thresh": asked.detection.det_db_thresh,
            "max_side_limit": asked.detection.det_max_side_limit,
            "box_thresh": asked.detection.det_db_box_thresh,
            "unclip_ratio": asked.detection.det_db_unclip_ratio,
        },
        "text_type": "general",
        "textline_orientation_angles": [_NOT_RUN] * len(page.boxes)
        if page.turned is None
        else [int(turned) for turned in page.turned],
        "text_rec_score_thresh": asked.score,
        "return_word_box": asked.word_boxes,
        "rec_texts": [page.readings[i].text for i in kept],
        "rec_scores": [page.readings[i].confidence for i in kept],
        "rec_polys": boxes,
        "rec_boxes": [[*np.min(box, axis=0).tolist(), *np.max(box, axis=0).tolist()] for box in boxes],
    }
    if asked.word_boxes:
        lines = [page.words(i) for i in kept]
        result["text_word_boxes"] = [[word.box for word in line] for line in lines]
        result["text_word"] = [[word.text for word in line] for line in lines]
    return result


def old_texts(page: Page, asked: Asked) -> list[dict[str, Any]]:
    """Return ``texts`` of the older form."""
    return [
        {
            "poly": _corners(page.boxes[i]),
            "text": page.readings[i].text,
            "score": page.readings[i].confidence,
        }
        for i in _kept(page, asked)
    ]


def data_info(kind: str, sizes: Sequence[tuple[int, int]], total: int) -> dict[str, Any]:
    """Return PaddleX's ``dataInfo`` for pages of (width, height); ``totalPages`` is ours."""
    pages = [{"width": width, "height": height} for width, height in sizes]
    if kind == "image":
        return {**pages[0], "type": kind}
    return {"numPages": len(pages), "pages": pages, "type": kind, "totalPages": total}


class Pictures:
    """Makes the pictures of replies in base64: JPEG files, but for a PNG of what a caller works on with."""

    def __init__(self, max_size: tuple[int, int] | None, find: Callable[[str], Path]) -> None:
        self._max_size = max_size
        self._font = fetched_font(find)

    def drawn(self, image: Image, page: Page, asked: Asked) -> str:
        """Draw the page with its boxes, and its text beside it."""
        items = [
            {"text": page.readings[i].text, "text_region": page.boxes[i].tolist()} for i in _kept(page, asked)
        ]
        return _base64(drawn_jpeg(image, items, max_size=self._max_size, font=self._font))

    def plain(self, image: Image) -> str:
        """Return the page as it was given."""
        return _base64(jpeg(image, self._max_size))

    def exact(self, image: Image) -> str:
        """Return a page without loss."""
        return _base64(png(image, self._max_size))

    def steps(self, prepared: Preprocessed) -> str:
        """Show a page as it was given, turned, and as it was read, beside each other."""
        turned = f"Rotated Image ({prepared.angle >= 0}, {prepared.angle})"
        captions = "Original Image", turned, "Unwarping Image (False)"
        shown = prepared.given, prepared.output, prepared.output
        return _base64(jpeg(side_by_side(shown, captions, self._max_size)))


def _kept(page: Page, asked: Asked) -> list[int]:
    return [i for i, reading in enumerate(page.readings) if reading.confidence >= asked.score]


def _corners(box: Box) -> list[list[int]]:
    corners: list[list[int]] = box.astype(int).tolist()
    return corners


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
