"""Detector, classifier and recogniser in a row: images in, lines of text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.ocr.classifier import Classifier
from hub.ocr.detector import Detector
from hub.ocr.geometry import Box, Image, crop, reading_order
from hub.ocr.recognizer import Recognizer


@dataclass(frozen=True)
class TextLine:
    """One line of text.

    Attributes:
        text: what it says.
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
        pages = [reading_order(boxes) for boxes in self.detector.detect(images)]
        crops = [[crop(image, box) for box in boxes] for image, boxes in zip(images, pages, strict=True)]
        if self.classifier is not None:
            crops = _upright(self.classifier, crops)
        readings = self.recognizer.recognize(crops)
        return [
            [
                TextLine(reading.text, reading.confidence, box)
                for reading, box in zip(lines, boxes, strict=True)
                if reading.confidence >= self.drop_score
            ]
            for lines, boxes in zip(readings, pages, strict=True)
        ]


def _upright(classifier: Classifier, pages: list[list[Image]]) -> list[list[Image]]:
    # Every line is padded to one width, so pages can share batches without changing a result.
    turned = iter(classifier.upright([line for lines in pages for line in lines]))
    return [[next(turned) for _ in lines] for lines in pages]
