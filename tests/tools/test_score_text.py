"""tools/score_text.py: the figures that the demo prints."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def score_text() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "tools" / "score_text.py"
    spec = importlib.util.spec_from_file_location("score_text", path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules["score_text"] = loaded  # dataclasses look their own module up
    spec.loader.exec_module(loaded)
    return loaded


def item(text: str, x: float, y: float, angle: float = 0.0) -> dict[str, Any]:
    """A region 80 wide and 20 high, its top left corner turned about the origin by ``angle``."""
    corners = [(x, y), (x + 80, y), (x + 80, y + 20), (x, y + 20)]
    turn, rise = math.cos(angle), math.sin(angle)
    return {"text": text, "text_region": [[a * turn - b * rise, a * rise + b * turn] for a, b in corners]}


def test_spaces_do_not_count(score_text: ModuleType) -> None:
    assert score_text.score(["a b 你 好"], ["ab", "你好"]).accuracy == 1.0


def test_a_line_read_in_two_pieces_is_whole(score_text: ModuleType) -> None:
    found = score_text.score(["一二三四", "五六"], ["一二", "三四", "五六"])
    assert [(line.read, any(line.misread)) for line in found.lines] == [("一二 三四", False), ("五六", False)]


@pytest.mark.parametrize(
    ("written", "read", "edits"),
    [
        pytest.param("12345", "12745", 1, id="changed"),
        pytest.param("12345", "1245", 1, id="missing"),
        pytest.param("12345", "123456", 1, id="too-much"),
        pytest.param("一、", "一,", 1, id="half-width-comma"),
        pytest.param("12345", "", 5, id="nothing-read"),
    ],
)
def test_every_wrong_character_is_one_edit(
    score_text: ModuleType, written: str, read: str, edits: int
) -> None:
    found = score_text.score([written], [read])
    assert (found.edits, found.accuracy) == (edits, 1 - edits / len(written))


def test_only_the_wrong_characters_are_marked(score_text: ModuleType) -> None:
    (line,) = score_text.score(["17.80"], ["17.B0"]).lines
    assert line.misread == (False, False, False, True, False)


@pytest.mark.parametrize(
    ("written", "read", "expected"),
    [
        ("JINGXIN LAKE PARK", "JINGXIN LAKE PARK", (2, 2)),
        ("JINGXIN LAKE PARK", "JINGXINLAKE PARK", (1, 2)),
        ("JINGXIN LAKE PARK", "J1NGX1N LAXE PARK", (2, 2)),
        ("a scale, where", "a scale,where", (1, 2)),
        ("开放 时间 06:00 x", "开放时间06:00x", (0, 0)),
        ("one two", "", (0, 1)),
    ],
)
def test_spaces_between_latin_words_are_counted(
    score_text: ModuleType, written: str, read: str, expected: tuple[int, int]
) -> None:
    assert score_text.word_spaces(score_text.score([written], [read]).lines) == expected


def test_a_missed_line_does_not_take_from_its_neighbours(score_text: ModuleType) -> None:
    found = score_text.score(["甲乙", "丙丁", "戊己"], ["甲乙", "戊己"])
    assert [line.read for line in found.lines] == ["甲乙", "", "戊己"]


def test_an_empty_page_read_as_empty_is_right(score_text: ModuleType) -> None:
    assert score_text.score([], []).accuracy == 1.0


def test_text_read_from_an_empty_page_is_an_error(score_text: ModuleType) -> None:
    assert score_text.total([score_text.score([], ["x"]), score_text.score(["abc"], ["abc"])]).edits == 1


@pytest.mark.parametrize("degrees", [-15, 0, 3, 15])
def test_rows_are_read_from_left_to_right_however_the_page_lies(
    score_text: ModuleType, degrees: float
) -> None:
    angle = math.radians(degrees)
    cells = [item(f"{row}{column}", column * 300, row * 40, angle) for row in range(3) for column in range(2)]
    assert score_text.reading_order(cells[::-1]) == ["00", "01", "10", "11", "20", "21"]


def test_no_items_have_no_order(score_text: ModuleType) -> None:
    assert score_text.reading_order([]) == []
