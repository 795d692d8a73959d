"""Errors of a page by kind of writing, their intervals, and when a setting is worse than another."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import kinds, kinds_page, kinds_read, speed_page
from benchmarks.kinds_score import Page, difference, distance, interval, score, summary
from benchmarks.ocr_accuracy import errors

pytestmark = pytest.mark.unit


def box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def item(text: str, *edges: float) -> dict[str, Any]:
    return {"text": text, "text_region": box(*edges)}


ROWS = [
    {"text": "the first line", "box": box(0, 0, 200, 20)},
    {"text": "第二行文字", "box": box(0, 30, 200, 50)},
]
READ = [item("the first line", 2, 2, 190, 18), item("第二行文字", 2, 32, 190, 48)]


def test_a_page_read_as_written_has_no_errors() -> None:
    assert score(ROWS, READ) == Page(characters=17, errors=0, ordered=0, spaces=2, space_errors=0)


def test_lines_out_of_order_are_errors_only_with_the_order() -> None:
    page = score(ROWS, READ[::-1])

    assert (page.errors, page.ordered) == (0, 10)


@pytest.mark.parametrize(
    ("read", "wrong"),
    [("thefirst line", 1), ("thefirstline", 2), ("the fir st line", 1), ("the first  line", 0)],
)
def test_spaces_that_are_missing_or_too_many_are_counted_apart(read: str, wrong: int) -> None:
    page = score(ROWS[:1], [item(read, 2, 2, 190, 18)])

    assert (page.errors, page.ordered, page.space_errors) == (0, 0, wrong)


def test_pieces_of_a_row_are_put_together_along_it() -> None:
    down = [[20, 0], [20, 100], [0, 100], [0, 0]]
    pieces = [item("文字", 2, 60, 18, 98), item("一列", 2, 2, 18, 50)]

    assert score([{"text": "一列文字", "box": down}], pieces).errors == 0
    assert score(ROWS[:1], [item("line", 150, 2, 190, 18), item("the first", 2, 2, 140, 18)]).errors == 0


def test_what_is_read_beside_all_rows_is_too_much_and_what_is_not_read_is_missing() -> None:
    assert score(ROWS, [*READ, item("页脚", 0, 300, 40, 320)]).errors == 2
    assert score(ROWS, READ[:1]).errors == 5
    assert score(ROWS, []) == Page(characters=17, errors=17, ordered=17, spaces=2, space_errors=2)


def test_the_distance_is_that_of_the_whole_texts() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        one, other = ("".join(rng.choice(list("abc"), rng.integers(0, 9))) for _ in range(2))
        assert distance(one, other) == errors(one, other)
    assert distance("a b", "ab") == 1


def test_the_interval_holds_the_rate_and_is_a_point_where_all_pages_are_alike() -> None:
    low, high = interval([0, 1, 4, 2, 0, 3], [100] * 6)

    assert low < 100 * 10 / 600 < high
    assert interval([2, 2, 2], [100, 100, 100]) == (2.0, 2.0)


def pages(wrong: list[int], ordered: list[int] | None = None) -> list[Page]:
    return [Page(100, one, other, 0, 0) for one, other in zip(wrong, ordered or wrong, strict=True)]


@pytest.mark.parametrize(
    ("wrong", "ordered", "is_worse"),
    [
        ([1, 1, 1, 1], [1, 1, 1, 1], True),
        ([0, 0, 0, 4], [0, 0, 0, 4], False),
        ([0, 0, 0, 0], [9, 9, 9, 9], True),
        ([-1, -1, -1, 0], [0, 0, 0, 0], False),
    ],
)
def test_worse_is_what_is_above_a_tenth_of_a_point_in_all_of_the_interval(
    wrong: list[int], ordered: list[int], is_worse: bool
) -> None:
    said = difference(pages([one + 1 for one in wrong], ordered), pages([1, 1, 1, 1], [0, 0, 0, 0]))

    assert said["worse"] is is_worse
    assert said["errors"] == pytest.approx(sum(wrong) / 4)


def labelled(folder: Path) -> dict[str, Any]:
    files = {f"hei_00{number}.jpg": ROWS for number in (1, 2)}
    for file in files:
        cv2.imwrite(str(folder / file), np.full((60, 220, 3), 255, np.uint8))
    labels = {
        "seed": 1,
        "digest": "d",
        "missing": {"kai": "no network"},
        "kinds": {"hei": {"typefaces": ["a.ttf"], "pages": files}},
    }
    (folder / "labels.json").write_text(json.dumps(labels, ensure_ascii=False), "utf-8")
    return labels


def read_all(folder: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Read a set; returns the pages that were read in this run."""
    asked: list[str] = []

    def read(_image: Any, path: Path) -> list[dict[str, Any]]:
        asked.append(path.name)
        return READ

    monkeypatch.setattr(kinds_read, "READERS", {"any": lambda options: read})
    monkeypatch.setattr(sys, "argv", ["kinds_read.py", "any", "{}", str(folder), str(output)])
    kinds_read.main()
    return asked


def test_a_run_goes_on_after_the_last_whole_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labelled(tmp_path)
    output = tmp_path / "some.jsonl"

    assert read_all(tmp_path, output, monkeypatch) == ["hei_001.jpg", "hei_002.jpg"]
    assert read_all(tmp_path, output, monkeypatch) == []
    output.write_text(output.read_text("utf-8")[:-9], "utf-8")
    assert read_all(tmp_path, output, monkeypatch) == ["hei_002.jpg"]
    assert len(output.read_text("utf-8").splitlines()) == 2


def test_a_kind_that_a_setting_has_not_read_in_full_is_missing_and_not_without_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = labelled(tmp_path)
    whole, part = kinds.SETTINGS[:2]
    read_all(tmp_path, kinds.readings_file(tmp_path, whole), monkeypatch)
    first = kinds.readings_file(tmp_path, whole).read_text("utf-8").splitlines(keepends=True)[0]
    kinds.readings_file(tmp_path, part).write_text(first, "utf-8")

    figures = kinds.compare(labels, tmp_path, {})

    assert list(figures["settings"]) == [whole.name]
    assert figures["settings"][whole.name]["kinds"]["hei"]["errors"] == 0
    assert figures["missing_settings"][part.name] == "0 of 1 kinds were read"
    assert "kai, the whole kind: no network" in kinds_page.tables(figures)


def test_a_kind_with_too_many_errors_of_the_default_is_missed() -> None:
    bad = summary(pages([2, 2]), spaces=False)
    settings = {kinds.DEFAULTS[0]: {"kinds": {"hei": bad, "columns kai": bad, "Japanese": bad}}}

    assert [line.partition(" in ")[2] for line in kinds.too_many(settings)] == [
        "",
        "hei, not 1.0",
        "columns kai, not 1.2",
    ]


def test_the_page_has_the_tables_of_the_results(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(kinds_page.PAGE.read_text("utf-8"), "utf-8")

    kinds_page.write(page)

    assert page.read_text("utf-8") == kinds_page.PAGE.read_text("utf-8")


@pytest.mark.parametrize("place", speed_page.PLACES, ids=lambda place: place.page.name)
def test_every_page_has_the_speed_of_the_results(place: speed_page.Place) -> None:
    figures = json.loads(speed_page.RESULTS.read_text("utf-8"))

    assert speed_page.table(figures, place) in place.page.read_text("utf-8")
