"""Detector, classifier and recogniser in a row: images in, lines of text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from hub.ocr.classifier import Classifier
from hub.ocr.ctc import Reading
from hub.ocr.detector import Detector
from hub.ocr.geometry import Box, Image, crop, reading_order
from hub.ocr.layout import line_order
from hub.ocr.options import PipelineOptions, chosen
from hub.ocr.orientation import Orientation, box_in_picture, reading_in_picture, turned
from hub.ocr.params import DetectorParams
from hub.ocr.recognizer import Recognizer
from hub.ocr.rules import PADDLEOCR, Rules
from hub.ocr.views import Side, View, beginning, best, placed, side_of, views
from hub.ocr.words import Word, words


@dataclass(frozen=True)
class Page:
    """All that was found in one image, line by line in reading order, whatever its confidence.

    Attributes:
        boxes: float32 (4, 2), a line's corners in the picture's pixels (x, y), clockwise from its top left.
        readings: the text of each.
        turned: whether a line is upside down in the picture and was read turned round; None where nothing
            looked at that.
    """

    boxes: list[Box]
    readings: list[Reading]
    turned: list[bool] | None

    def words(self, line: int) -> list[Word]:
        """Return the words of a line, by its number; its reading needs ``columns``."""
        turned = self.turned is not None and self.turned[line]
        return words(self.readings[line], self.boxes[line], turned=turned)


@dataclass(frozen=True)
class TextLine:
    """One line of text.

    Attributes:
        confidence: mean probability of its characters, 0 to 1.
        box: float32 (4, 2), its corners in pixels (x, y), clockwise from the top left.
        words: where they were asked for.
    """

    text: str
    confidence: float
    box: Box
    words: list[Word] | None = None


class Pipeline:
    """PaddleOCR's ``ocr_system``. Safe to call from several threads."""

    def __init__(
        self,
        detector: Detector,
        recognizer: Recognizer,
        classifier: Classifier | None = None,
        *,
        orientation: Orientation | None = None,
        drop_score: float = 0.5,
        rules: Rules = PADDLEOCR,
    ) -> None:
        self.detector = detector
        self.recognizer = recognizer
        self.classifier = classifier
        self.orientation = orientation
        self.drop_score = drop_score
        self.rules = rules

    def read(self, images: Sequence[Image], options: PipelineOptions | None = None) -> list[list[TextLine]]:
        """Read images: per image its lines in reading order, without those below ``drop_score``.

        Args:
            images: uint8 (h, w, 3), BGR.
            options: what holds for this call only, as :func:`hub.ocr.options.checked` returns it.
        """
        options = options or {}
        drop_score = chosen(options.get("drop_score"), self.drop_score)
        with_words = chosen(options.get("return_word_box"), self.recognizer.params.return_word_box)
        pages = self.examine(
            images,
            upright=self.classifier is not None,
            detection=self.detector.params.updated(options),
            columns=with_words,
        )
        return [
            [
                TextLine(reading.text, reading.confidence, box, page.words(line) if with_words else None)
                for line, (reading, box) in enumerate(zip(page.readings, page.boxes, strict=True))
                if reading.confidence >= drop_score
            ]
            for page in pages
        ]

    def examine(
        self,
        images: Sequence[Image],
        *,
        upright: bool,
        detection: DetectorParams | None = None,
        columns: bool = False,
    ) -> list[Page]:
        """Read images with parameters of this call, on the models that are loaded; nothing is dropped.

        Args:
            images: uint8 (h, w, 3), BGR.
            upright: turn lines round that are upside down; needs a classifier.
            detection: sizes and thresholds instead of the detector's own.
            columns: readings say where their characters are.

        Returns:
            Per image what was found, with places as they are in it, also where its page was turned before.
        """
        pictures, angles = images, [0] * len(images)
        if self.orientation:
            angles = self.orientation.angles(pictures)
            images = [turned(*each) for each in zip(pictures, angles, strict=True)]
        pages = [reading_order(boxes) for boxes in self.detector.detect(images, detection)]
        cuts = [[crop(image, box) for box in boxes] for image, boxes in zip(images, pages, strict=True)]
        flags = self._flags(cuts) if upright else [None] * len(pages)
        sides = [side_of(*page, self.rules) for page in zip(pages, flags, strict=True)]
        choices = [self._choices(*page) for page in zip(images, pages, cuts, flags, sides, strict=True)]
        lines = [[view.image for piece in page for view in piece] for page in choices]
        readings = self.recognizer.recognize(lines, columns=columns)
        found = [
            self._page(*page, upright=upright) for page in zip(pages, choices, readings, sides, strict=True)
        ]
        return [_in_picture(*page) for page in zip(found, angles, pictures, strict=True)]

    def _flags(self, cuts: Sequence[Sequence[Image]]) -> list[list[bool] | None]:
        """Tell for each piece of each page whether it is upside down."""
        assert self.classifier is not None
        lines = [cut for page in cuts for cut in page]
        if self.rules.turn_pages:
            lines = [beginning(line) for line in lines]
        # Every line is padded to one width, so pages can share batches without changing a result.
        flags = iter(self.classifier.upside_down(lines))
        return [[next(flags) for _ in page] for page in cuts]

    def _choices(
        self,
        image: Image,
        boxes: Sequence[Box],
        cuts: Sequence[Image],
        flags: Sequence[bool] | None,
        side: Side,
    ) -> list[list[View]]:
        """Return for each box of a page the ways to read it."""
        flags = flags or [False] * len(boxes)
        pieces = zip(boxes, cuts, flags, strict=True)
        return [views(image, box, cut, side, self.rules, flag=flag) for box, cut, flag in pieces]

    def _page(
        self,
        boxes: Sequence[Box],
        choices: Sequence[Sequence[View]],
        readings: Sequence[Reading],
        side: Side,
        *,
        upright: bool,
    ) -> Page:
        """Choose among the readings of each box, and put the boxes in order."""
        left = iter(readings)
        found: list[tuple[Box, Reading, bool]] = []
        for box, pieces in zip(boxes, choices, strict=True):
            read = list(islice(left, len(pieces)))
            chosen = best(pieces, read, side)
            found.append((box, placed(read[chosen], pieces[chosen], box), pieces[chosen].half))
        if self.rules.order_by_lines:
            found = [found[i] for i in line_order(boxes, vertical=side.vertical, flipped=side.flipped)]
        halves = [half for _, _, half in found] if upright else None
        return Page([box for box, _, _ in found], [reading for _, reading, _ in found], halves)


def _in_picture(page: Page, angle: int, picture: Image) -> Page:
    """Return what was found in a page as it is in the picture that was turned by ``angle``."""
    if not angle:
        return page
    halves = page.turned or [False] * len(page.boxes)
    ways = [
        reading_in_picture(reading, box, angle, half=half)
        for reading, box, half in zip(page.readings, page.boxes, halves, strict=True)
    ]
    boxes = [box_in_picture(box, angle, picture) for box in page.boxes]
    return Page(boxes, [reading for reading, _ in ways], [half for _, half in ways])
