"""Which way up a line of text is: 0 or 180 degrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hub.engines.base import LoadedModel
from hub.errors import ConfigError
from hub.ocr.geometry import Image
from hub.ocr.padding import line_batch
from hub.ocr.params import ClassifierParams, height_and_width


class Angle(NamedTuple):
    """The label of params.label_list ("0" or "180") and its probability."""

    label: str
    confidence: float


class Classifier:
    """A loaded angle classifier. Safe to call from several threads."""

    def __init__(self, model: LoadedModel, params: ClassifierParams) -> None:
        self.model = model
        self.params = params
        self.height, self.width = height_and_width(params.cls_image_shape)

    def classify(self, images: Sequence[Image]) -> list[Angle]:
        """Tell the angle of each line image: uint8 (h, w, 3), BGR."""
        # All lines are padded to one width, so which of them share a batch changes no result.
        size = 1 if self.model.prefers_few_shapes else self.params.cls_batch_num
        batches = (
            line_batch(images[start : start + size], self.height, self.width)
            for start in range(0, len(images), size)
        )
        return [
            Angle(self._label(int(label)), float(score))
            for ids, scores in self.model.run_many(batches)
            for label, score in zip(ids, scores, strict=True)
        ]

    def upside_down(self, images: Sequence[Image]) -> list[bool]:
        """Tell which line images are surely (more than ``cls_thresh``) upside down."""
        return [
            "180" in angle.label and angle.confidence > self.params.cls_thresh
            for angle in self.classify(images)
        ]

    def _label(self, index: int) -> str:
        if index >= len(self.params.label_list):
            raise ConfigError(f"params.py: label_list has no label for the model's class {index}")
        return self.params.label_list[index]

    def warm_up(self) -> None:
        """Run on every stream, so that the first request does not pay for what engines do late."""
        self.classify([np.full((self.height, self.width, 3), 255, np.uint8)] * self.model.parallel)
