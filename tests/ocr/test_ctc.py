from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hub.errors import ModelNotFoundError
from hub.ocr.ctc import Reading, characters_inside, decode, read_characters, reverse

pytestmark = pytest.mark.unit

CHARACTERS = ["", "a", "b", "c"]
NOTHING_INSIDE: Any = SimpleNamespace(dictionary="")


def read(ids: list[int], scores: list[float] | None = None) -> Reading:
    probabilities = np.array(scores or [1.0] * len(ids), np.float32)
    return decode(np.array(ids), probabilities, CHARACTERS)


def test_repeats_are_one_character() -> None:
    assert read([1, 1, 2, 2, 2, 3]).text == "abc"


def test_a_blank_between_repeats_makes_two_characters() -> None:
    assert read([1, 0, 1]).text == "aa"


def test_confidence_is_the_mean_over_the_kept_steps() -> None:
    # Kept are the first step of each run; blanks and repeats do not count.
    assert read([0, 1, 1, 2], [0.1, 0.5, 0.9, 1.0]).confidence == pytest.approx(0.75)


def test_only_blanks_are_no_text_with_confidence_zero() -> None:
    assert read([0, 0, 0]) == Reading("", 0.0)


def test_confidence_is_a_python_float() -> None:
    assert type(read([1]).confidence) is float


def test_the_dictionary_is_blank_then_lines_then_space(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_bytes("一\r\n二\r\n".encode())
    assert read_characters(path, use_space_char=True) == ["", "一", "二", " "]
    assert read_characters(path, use_space_char=False) == ["", "一", "二"]


@pytest.mark.parametrize("first", ["'", "一", '"', "\u3000"])
def test_a_byte_order_mark_is_no_part_of_the_first_character(first: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text(f"{first}\n二\n", encoding="utf-8-sig")
    assert read_characters(path, use_space_char=False) == ["", first, "二"]
    inside: Any = SimpleNamespace(dictionary=path.read_text(encoding="utf-8"))
    assert characters_inside(inside, tmp_path, use_space_char=False) == ["", first, "二"]


def test_a_space_in_the_dictionary_is_a_character(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_text("a\n \nb", encoding="utf-8")
    assert read_characters(path, use_space_char=False) == ["", "a", " ", "b"]


def test_a_dictionary_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelNotFoundError, match=r"keys\.txt"):
        read_characters(path, use_space_char=True)


def test_reversing_keeps_latin_words_and_numbers() -> None:
    assert reverse("ابج ABC 12") == " ABC 12جبا"


def test_paddlexs_description_beside_a_model_has_its_dictionary(tmp_path: Path) -> None:
    (tmp_path / "inference.json").touch()
    (tmp_path / "inference.pdiparams").touch()
    (tmp_path / "inference.yml").write_text("PostProcess:\n  character_dict: ['茶', '\u3000', '1', '#']\n")

    assert characters_inside(NOTHING_INSIDE, tmp_path, use_space_char=True) == [
        "",
        "茶",
        "\u3000",
        "1",
        "#",
        " ",
    ]


def test_a_description_that_is_no_yaml_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "inference.json").touch()
    (tmp_path / "inference.pdiparams").touch()
    (tmp_path / "inference.yml").write_text("PostProcess: [")

    with pytest.raises(ModelNotFoundError, match=r"inference\.yml cannot be read"):
        characters_inside(NOTHING_INSIDE, tmp_path, use_space_char=True)
