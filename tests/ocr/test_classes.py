"""What the start says of a recogniser, with a small one in place of the model: a dictionary that is not the
model's stops it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hub.errors import ConfigError
from hub.ocr import build
from hub.ocr.recognizer import Recognizer

pytestmark = pytest.mark.unit


class Model:
    """A recogniser of some classes."""

    engine, precision, provider, parallel, prefers_few_shapes, dictionary = "none", "f32", "", 1, False, ""

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def run_many(self, batches: Any) -> Any:
        for batch in batches:
            yield np.zeros((len(batch.images), 3), int), np.ones((len(batch.images), 3), np.float32)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def recognizer(lines: int, *, classes: int, use_space_char: bool = True) -> Recognizer:
        (tmp_path / "keys.txt").write_text("".join(f"{chr(0x4E00 + i)}\n" for i in range(lines)), "utf-8")
        monkeypatch.setattr(build, "load", lambda *_, **__: Model(classes))
        config = SimpleNamespace(
            rec_model_dir="model", rec_char_dict_path="keys.txt", use_space_char=use_space_char
        )
        return build.build_recognizer(config, lambda path: tmp_path / path, parity=False)

    return recognizer


@pytest.mark.parametrize(("use_space_char", "classes"), [(True, 42), (False, 41)])
def test_a_dictionary_of_the_model_is_taken(built: Any, use_space_char: bool, classes: int) -> None:
    assert len(built(40, classes=classes, use_space_char=use_space_char).characters) == classes


@pytest.mark.parametrize("lines", [30, 50, 1])
def test_a_dictionary_of_another_length_is_refused_either_way(built: Any, lines: int) -> None:
    with pytest.raises(ConfigError, match=rf"keys.txt'.*has {lines + 2} characters, the model 42.*40 lines"):
        built(lines, classes=42)


@pytest.mark.parametrize(("use_space_char", "classes"), [(True, 41), (False, 42)])
def test_a_wrong_use_space_char_is_named(built: Any, use_space_char: bool, classes: int) -> None:
    with pytest.raises(ConfigError, match=f"set use_space_char = {not use_space_char}"):
        built(40, classes=classes, use_space_char=use_space_char)


@pytest.mark.parametrize(
    ("options", "provider", "said"),
    [
        ({}, "", "none (f32, cpu)"),
        ({"device": "gpu"}, "", "none (f32, gpu)"),
        ({"device": "gpu"}, "CUDAExecutionProvider", "none (f32, gpu by CUDAExecutionProvider)"),
        ({"device": "gpu"}, "TensorrtExecutionProvider", "none (f32, gpu by TensorrtExecutionProvider)"),
    ],
)
def test_a_line_at_the_start_says_by_what_a_model_is_computed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    options: Any,
    provider: str,
    said: str,
) -> None:
    model = Model(3)
    model.provider = provider
    (tmp_path / "keys.txt").write_text("a\n")
    monkeypatch.setattr(build, "load", lambda *_, **__: model)
    config = SimpleNamespace(rec_model_dir="model", rec_char_dict_path="keys.txt")
    with caplog.at_level("INFO"):
        build.build_recognizer(config, lambda path: tmp_path / path, parity=False, **options)

    assert f"text recognition: model runs on {said}" in caplog.messages
