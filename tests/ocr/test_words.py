from __future__ import annotations

import numpy as np
import pytest

from hub.ocr.ctc import Reading, decode
from hub.ocr.geometry import Box
from hub.ocr.words import words

pytestmark = pytest.mark.unit

#: An upright line, 200 × 20, from (100, 50).
LINE: Box = np.array([[100, 50], [300, 50], [300, 70], [100, 70]], np.float32)


def reading(text: str, *columns: int, steps: float = 20) -> Reading:
    return Reading(text, 1.0, columns, steps)


def test_chinese_characters_are_words_and_letters_and_digits_make_one() -> None:
    found = words(reading("茶叶 A-0417, 18.5度.", *range(17)), LINE)

    assert [word.text for word in found] == ["茶", "叶", " ", "A-0417", ", ", "18.5", "度", "."]


def test_a_latin_word_spans_its_steps() -> None:
    # 10 pixels a step: "ab" was read at steps 2 and 5.
    (word,) = words(reading("ab", 2, 5), LINE)

    assert word.box == (120, 50, 160, 70)


def test_a_chinese_character_is_centred_on_its_step_and_as_wide_as_its_neighbours_are() -> None:
    # Steps 2 to 6 hold three characters: (6 - 2 + 1) × 10 / 2 = 25 pixels each, as PaddleX reckons.
    found = words(reading("茶叶仓", 2, 4, 6), LINE)

    assert [word.box for word in found] == [(112, 50, 137, 70), (132, 50, 157, 70), (152, 50, 177, 70)]


def test_a_column_is_cut_from_the_top() -> None:
    column: Box = np.array([[10, 0], [30, 0], [30, 100], [10, 100]], np.float32)

    (word,) = words(reading("ab", 0, 4, steps=10), column)

    assert word.box == (10, 0, 30, 50)


def test_a_line_that_was_upside_down_is_cut_from_the_other_end() -> None:
    (word,) = words(reading("ab", 2, 5), LINE, turned=True)

    assert word.box == (240, 50, 280, 70)


def test_a_tilted_lines_words_follow_it() -> None:
    tilted: Box = np.array([[0, 0], [100, 50], [90, 70], [-10, 20]], np.float32)

    left, right = words(reading("a,", 0, 9, steps=10), tilted)

    assert left.box[3] < right.box[1] + 20
    assert right.box[3] == 70


def test_no_text_has_no_words() -> None:
    assert words(Reading("", 0.0), LINE) == []


def test_columns_are_the_steps_of_the_kept_characters() -> None:
    ids, scores = np.array([0, 1, 1, 0, 2]), np.ones(5, np.float32)

    assert decode(ids, scores, ["", "a", "b"], columns=True)[2:4] == ((1, 4), 5.0)


def test_each_character_of_an_entry_has_its_column() -> None:
    assert decode(np.array([1, 2]), np.ones(2, np.float32), ["", "ab", "c"], columns=True).columns == (
        0,
        0,
        1,
    )


@pytest.mark.parametrize("columns", [True, False])
def test_arabic_lines_keep_their_columns_with_their_characters(columns: bool) -> None:
    characters = ["", "1", "2", "س", "م"]

    found = decode(
        np.array([3, 4, 1, 2]), np.ones(4, np.float32), characters, right_to_left=True, columns=columns
    )

    assert found.text == "12مس"
    assert found.columns == ((2, 3, 1, 0) if columns else ())
