"""Paddle with a model in its own new format on which oneDNN fails, and what is another mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.engines.base import Batch, Normalize, load
from hub.errors import EngineError
from tests.ocr.paddle_3 import MEAN, STD, export_detector

NORMALIZE = Normalize((MEAN[0], MEAN[1], MEAN[2]), (STD[0], STD[1], STD[2]))
WITHOUT_ONEDNN = "runs without oneDNN"

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_detector(tmp_path_factory.mktemp("det"))


def batch(channels: int = 3, side: int = 32) -> Batch:
    return Batch(np.zeros((1, side, side, channels), np.uint8))


def shapes(model: Any, *batches: Batch) -> list[tuple[int, ...]]:
    return [output[0].shape for output in model.run_many(batches)]


def test_a_model_on_which_onednn_fails_runs_without_it_and_one_line_says_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = load(folder, normalize=NORMALIZE, engine="paddle")

    assert shapes(model, batch(), batch(side=64), batch()) == [(1, 1, side, side) for side in (32, 64, 32)]
    (said,) = caplog.messages
    assert WITHOUT_ONEDNN in said and "ConvertPirAttribute2RuntimeAttribute" in said


@pytest.mark.parametrize("enlarged", [True, False])
def test_a_wrong_input_is_not_blamed_on_onednn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, enlarged: bool
) -> None:
    model = load(export_detector(tmp_path, enlarged=enlarged), normalize=Normalize((0,) * 4, (1,) * 4))  # type: ignore[arg-type]
    with pytest.raises(EngineError, match=r"Paddle failed on an input of shape \(1, 4, 32, 32\)"):
        shapes(model, batch(channels=4))

    assert WITHOUT_ONEDNN not in caplog.text
