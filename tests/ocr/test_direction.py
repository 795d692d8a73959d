"""Lines read from right to left. Texts stand here as they are stored; a model reads them turned round."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hub.ocr import build
from hub.ocr.ctc import decode
from hub.ocr.direction import spans_by_letters

pytestmark = pytest.mark.unit

ARABIC, HEBREW = "سلام", "שלום"


def ordered(text: str) -> str:
    return "".join(text[start:end] for start, end in spans_by_letters(text))


@pytest.mark.parametrize("text", ["", "Total 12.50", "茶叶 3,000", "naïve (1)", "12 %", " "])
def test_other_lines_stay_as_they_were_read(text: str) -> None:
    assert ordered(text) == text


@pytest.mark.parametrize("word", [ARABIC, HEBREW, "ﷲ", "ܫܠܡܐ"])
def test_a_word_is_turned_round(word: str) -> None:
    assert ordered(word[::-1]) == word


@pytest.mark.parametrize(
    "number", ["12,500.75", "١٢٣", "۴۵۶", "50%", "-5", "2026-11-30", "10:45", "ABC 12", "é1"]
)
def test_numbers_and_latin_words_keep_their_order(number: str) -> None:
    assert ordered(f"{ARABIC[::-1]} {number} {ARABIC[::-1]}") == f"{ARABIC} {number} {ARABIC}"


def test_a_number_at_the_end_of_a_line_is_at_its_left() -> None:
    assert ordered(f"12.50 {HEBREW[::-1]}") == f"{HEBREW} 12.50"


def test_a_foreign_word_in_a_latin_line_is_turned_round_alone() -> None:
    assert ordered(f"The word {HEBREW[::-1]} means peace") == f"The word {HEBREW} means peace"
    two = f"{ARABIC} {HEBREW}"
    assert ordered(f"both of {two[::-1]} mean peace") == f"both of {two} mean peace"


def test_steps_go_with_their_characters() -> None:
    characters = ["", "م", "س", "1", "2"]
    found = decode(
        np.array([3, 4, 0, 1, 2]), np.ones(5, np.float32), characters, right_to_left=None, columns=True
    )
    assert (found.text, found.columns) == ("سم12", (4, 3, 0, 1))


def test_paddleocr_turns_every_line_of_such_a_dictionary() -> None:
    ids = np.array([1, 2, 3])
    assert decode(ids, np.ones(3, np.float32), ["", "a", ",", "b"], right_to_left=True).text == "b,a"
    assert decode(ids, np.ones(3, np.float32), ["", "a", ",", "b"], right_to_left=None).text == "a,b"


class Model:
    """Reads the three letters of its dictionary from the left."""

    engine, precision, provider, parallel, prefers_few_shapes = "none", "f32", "", 1, False
    dictionary, classes = "", 5

    def run_many(self, batches: Any) -> Any:
        for batch in batches:
            count = len(batch.images)
            yield np.tile([1, 2, 3], (count, 1)), np.ones((count, 3), np.float32)


@pytest.mark.parametrize(
    ("name", "parity", "setting", "read"),
    [
        ("ar_dict.txt", False, "letters", "سلم"),
        ("ar_dict.txt", True, "letters", "ملس"),
        ("arabic_dict.txt", True, "letters", "سلم"),
        ("ar_dict.txt", False, "dictionary", "ملس"),
    ],
)
def test_the_letters_decide_and_not_the_name_of_the_dictionary(
    name: str, parity: bool, setting: str, read: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text("م\nل\nس\n", encoding="utf-8")
    monkeypatch.setattr(build, "load", lambda *_, **__: Model())
    config = SimpleNamespace(
        rec_model_dir="model", rec_char_dict_path=name, use_space_char=True, right_to_left=setting
    )
    recognizer = build.build_recognizer(config, lambda path: tmp_path / path, parity=parity)
    ((reading,),) = recognizer.recognize([[np.zeros((48, 100, 3), np.uint8)]])
    assert reading.text == read
