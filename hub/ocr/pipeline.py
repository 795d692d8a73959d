"""Detector, classifier and recogniser in a row: images in, lines of text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from hub.ocr.classifier import Classifier
from hub.ocr.ctc import Reading
from hub.ocr.detector import Detector
from hub.ocr.geometry import Box, Image, crop, reading_order
from hub.ocr.params import DetectorParams
from hub.ocr.recognizer import Recognizer


@dataclass(frozen=True)
class Page:
    """All that was found in one image, line by line in reading order, whatever its confidence.

    Attributes:
        boxes: float32 (4, 2), a line's corners in pixels (x, y), clockwise from the top left.
        readings: the text of each.
        turned: whether a line was upside down and read turned round; None where no classifier ran.
    """

    boxes: list[Box]
    readings: list[Reading]
    turned: list[bool] | None


@dataclass(frozen=True)
class TextLine:
    """One line of text.

    Attributes:
        confidence: mean probability of its characters, 0 to 1.
        box: float32 (4, 2), its corners in pixels (x, y), clockwise from the top left.
    """

    text: str
    confidence: float
    box: Box


class Pipeline:
    """PaddleOCR's ``ocr_system``. Safe to call from several threads."""

    def __init__(
        self,
        detector: Detector,
        recognizer: Recognizer,
        classifier: Classifier | None = None,
        *,
        drop_score: float = 0.5,
    ) -> None:
        self.detector = detector
        self.recognizer = recognizer
        self.classifier = classifier
        self.drop_score = drop_score

    def read(self, images: Sequence[Image]) -> list[list[TextLine]]:
        """Read images: per image its lines in reading order, without those below ``drop_score``.

        Args:
            images: uint8 (h, w, 3), BGR.
        """
        return [
            [
                TextLine(reading.text, reading.confidence, box)
                for reading, box in zip(page.readings, page.boxes, strict=True)
                if reading.confidence >= self.drop_score
            ]
            for page in self.examine(images, upright=self.classifier is not None)
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
        """
        pages = [reading_order(boxes) for boxes in self.detector.detect(images, detection)]
        crops = [[crop(image, box) for box in boxes] for image, boxes in zip(images, pages, strict=True)]
        turned: Sequence[list[bool] | None] = [None] * len(pages)
        if upright:
            assert self.classifier is not None
            # Every line is padded to one width, so pages can share batches without changing a result.
            flags = iter(self.classifier.upside_down([line for lines in crops for line in lines]))
            turned = upside_down = [[next(flags) for _ in lines] for lines in crops]
            crops = [
                [cv2.rotate(line, cv2.ROTATE_180) if flag else line for line, flag in zip(*page, strict=True)]
                for page in zip(crops, upside_down, strict=True)
            ]
        readings = self.recognizer.recognize(crops, columns=columns)
        return [Page(*found) for found in zip(pages, readings, turned, strict=True)]
