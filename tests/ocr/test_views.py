"""Which way a piece of text is read: by its page, its shape and what reads better."""

from __future__ import annotations

import numpy as np
import pytest

from hub.ocr.ctc import Reading
from hub.ocr.geometry import Box, crop
from hub.ocr.rules import PADDLEOCR, Rules
from hub.ocr.views import Side, View, best, placed, side_of, views
from hub.ocr.words import words

pytestmark = pytest.mark.unit

BLANK = np.zeros((200, 200, 3), np.uint8)
RULES = Rules()


def box(width: float, height: float) -> Box:
    return np.array([[20, 20], [20 + width, 20], [20 + width, 20 + height], [20, 20 + height]], np.float32)


def kinds(width: float, height: float, side: Side, rules: Rules = RULES, *, flag: bool = False) -> list[str]:
    piece = box(width, height)
    found = views(BLANK, piece, crop(BLANK, piece), side, rules, flag=flag)
    return [f"{'quarter' if view.quarter else ''} {'half' if view.half else ''}".strip() for view in found]


def chosen(*read: tuple[str, float, bool, bool], side: Side = Side()) -> str:  # noqa: B008 - it is frozen
    choices = [View(BLANK, quarter, half) for _, _, quarter, half in read]
    readings = [Reading(text, confidence) for text, confidence, _, _ in read]
    return readings[best(choices, readings, side)].text


def test_a_wide_piece_is_read_as_it_stands() -> None:
    assert kinds(90, 20, Side()) == [""]


def test_a_long_column_is_turned() -> None:
    assert kinds(20, 90, Side()) == ["quarter"]


def test_a_tall_piece_that_may_be_a_character_is_read_in_both_ways() -> None:
    assert kinds(30, 50, Side()) == ["quarter", ""]
    assert kinds(30, 50, Side(), PADDLEOCR) == ["quarter"]


def test_a_square_piece_is_turned_too_on_a_page_whose_lines_run_down() -> None:
    assert kinds(30, 30, Side(vertical=True)) == ["", "quarter"]
    assert kinds(30, 30, Side()) == [""]


def test_what_the_classifier_sees_otherwise_than_the_page_is_read_in_both_ways() -> None:
    assert kinds(90, 20, Side(), flag=True) == ["", "half"]
    assert kinds(90, 20, Side(flipped=True)) == ["half", ""]
    assert kinds(90, 20, Side(flipped=True), flag=True) == ["half"]
    assert kinds(90, 20, Side(), PADDLEOCR, flag=True) == ["half"]


def test_a_page_is_upside_down_if_most_of_its_text_is() -> None:
    boxes = [box(100, 20), box(90, 20), box(60, 20)]
    assert side_of(boxes, [True, True, False], RULES).flipped
    assert side_of(boxes, [False, True, True], RULES).flipped
    assert not side_of(boxes, [True, False, False], RULES).flipped
    assert not side_of(boxes, None, RULES).flipped
    assert not side_of(boxes, [True] * 3, PADDLEOCR).flipped


def test_single_characters_have_no_vote() -> None:
    boxes = [box(100, 20), *[box(20, 20)] * 9]
    assert not side_of(boxes, [False, *[True] * 9], RULES).flipped


def test_lines_run_down_where_columns_are_longer_than_rows() -> None:
    assert side_of([box(20, 180), box(60, 20)], None, RULES).vertical
    assert not side_of([box(20, 60), box(180, 20)], None, RULES).vertical
    assert not side_of([box(30, 50)], None, RULES).vertical
    assert side_of([], None, RULES) == Side()


def test_a_tall_character_stands_upright_even_if_it_reads_well_when_turned() -> None:
    assert chosen(("7", 0.97, True, False), ("1", 0.7, False, False)) == "1"


def test_a_short_column_is_turned_even_if_one_character_of_it_reads_well() -> None:
    assert chosen(("出口", 0.95, True, False), ("口", 0.99, False, False)) == "出口"
    assert chosen(("—-", 0.54, True, False), ("!", 0.9, False, False)) == "!"


def test_a_tall_piece_without_text_is_turned() -> None:
    assert chosen(("一", 0.4, True, False), ("", 0.0, False, False)) == "一"


def test_on_a_page_whose_lines_run_down_the_better_reading_counts() -> None:
    down = Side(vertical=True)
    assert chosen(("2", 0.99, True, False), ("N", 0.6, False, False), side=down) == "2"
    assert chosen(("N", 0.6, False, False), ("2", 0.99, True, False), side=down) == "2"
    assert chosen(("口", 0.95, False, False), ("口", 0.99, True, False), side=down) == "口"


def test_a_line_goes_with_its_page_unless_the_other_way_reads_much_better() -> None:
    assert chosen(("9", 0.97, False, False), ("6", 0.99, False, True)) == "9"
    assert chosen(("ZZ", 0.5, False, False), ("TEA", 0.99, False, True)) == "TEA"


def test_an_upright_character_has_the_whole_box_as_its_word() -> None:
    piece = box(30, 50)
    reading = placed(Reading("1", 0.9, (2,), 6.0), View(BLANK, False, False), piece)
    assert [word.box for word in words(reading, piece)] == [(20, 20, 50, 70)]
    assert reading.quarter is False
