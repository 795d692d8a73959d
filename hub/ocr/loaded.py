"""A step of OCR whose model is loaded, before the model runs for the first time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import cv2

from hub import models_in_use
from hub.ocr.classifier import Classifier
from hub.ocr.detector import Detector
from hub.ocr.orientation import Orientation
from hub.ocr.recognizer import Recognizer

log = logging.getLogger(__name__)

Step = TypeVar("Step", Detector, Classifier, Orientation, Recognizer)


@dataclass(frozen=True)
class Loaded(Generic[Step]):
    """A step, and what is said of it: its task, its model's name or folder, and the device."""

    step: Step
    task: str
    name: str | Path
    device: str

    def warm(self) -> Step:
        """Say what runs where, and run the model for the first time; raises what ``warm_up`` raises."""
        # Requests are worked on side by side: OpenCV's own threads take 3 % more CPU and bring nothing.
        cv2.setNumThreads(1)
        model = self.step.model
        where = " by ".join(filter(None, (self.device, model.provider)))
        log.info("%s: %s runs on %s (%s, %s)", self.task, self.name, model.engine, model.precision, where)
        self.step.warm_up()
        models_in_use.note(str(self.name))
        return self.step
