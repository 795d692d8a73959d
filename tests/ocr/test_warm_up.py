"""A process that calls a module once prepares nothing for later calls, but checks the model all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub import one_shot
from hub.errors import ConfigError
from hub.ocr.detector import Detector
from hub.ocr.params import DetectorParams, RecognizerParams
from hub.ocr.recognizer import Recognizer
from tests.ocr.test_classes import Model

pytestmark = pytest.mark.unit


class Counting(Model):
    """A recogniser that counts its batches."""

    parallel, prefers_few_shapes = 2, True

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.widths: list[int] = []

    def run_many(self, batches: Any) -> Any:
        batches = list(batches)
        self.widths += [batch.images.shape[2] for batch in batches]
        yield from super().run_many(batches)


def warmed(model: Model, characters: int = 5) -> None:
    recognizer = Recognizer(
        model,  # type: ignore[arg-type]  # as far as it is used
        list("abcde")[:characters],
        RecognizerParams(rec_model_dir=Path("model")),
        parity=False,
    )
    recognizer.warm_up()


def test_a_server_runs_every_usual_width_on_every_stream() -> None:
    model = Counting(5)
    warmed(model)
    assert model.widths == [
        width for width in range(640, 0, -32) if width <= 512 or not width % 64 for _ in "12"
    ]


def test_one_call_runs_one_width_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_shot, "_is_declared", True)
    model = Counting(5)
    warmed(model)
    assert model.widths == [32]


def test_one_call_finds_a_dictionary_that_is_not_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_shot, "_is_declared", True)
    with pytest.raises(ConfigError, match="does not belong to the model"):
        warmed(Counting(5), characters=4)


def test_one_call_does_not_run_the_detector_before_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_shot, "_is_declared", True)
    Detector(None, DetectorParams(det_model_dir=Path("model"))).warm_up()  # type: ignore[arg-type]
