"""hub/ocr/visualize.py and font.py: where boxes and text land, judged by the pixels."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageFont

from hub.ocr import font
from hub.ocr.visualize import draw_ocr

pytestmark = pytest.mark.unit

SIZE = (200, 300, 3)
ITEM = {"text": "HELLO", "confidence": 0.9, "text_region": [[50, 80], [250, 80], [250, 120], [50, 120]]}


def blank() -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.full(SIZE, 128, np.uint8)


def ink(panel: np.ndarray[Any, Any]) -> tuple[slice, slice]:
    """Rows and columns that hold near-black pixels: text, not the coloured outlines."""
    rows, columns = np.nonzero(panel.max(axis=2) < 90)
    return slice(int(rows.min()), int(rows.max())), slice(int(columns.min()), int(columns.max()))


@pytest.fixture
def no_system_font(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without fontconfig."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    font.cjk_font_file.cache_clear()
    font._warn_no_font.cache_clear()
    yield
    font.cjk_font_file.cache_clear()


def test_text_lands_on_the_right_half_inside_its_region() -> None:
    rows, columns = ink(draw_ocr(blank(), [ITEM])[:, 300:])
    assert (rows.start >= 80, rows.stop <= 120, columns.start >= 50, columns.stop <= 250) == (True,) * 4


def test_the_picture_given_is_left_as_it_is() -> None:
    image = blank()
    draw_ocr(image, [ITEM])
    assert (image == 128).all()


def test_without_text_there_is_no_panel() -> None:
    drawn = draw_ocr(blank(), [{"text_region": ITEM["text_region"]}])
    assert drawn.shape == SIZE
    assert (drawn != 128).any()


def test_without_items_the_picture_comes_back_unchanged() -> None:
    assert (draw_ocr(blank(), []) == blank()).all()


def test_a_text_too_long_for_its_region_is_made_smaller() -> None:
    _, columns = ink(draw_ocr(blank(), [{**ITEM, "text": "HELLO" * 3}])[:, 300:])
    assert columns.stop <= 250


def test_a_column_of_chinese_is_written_downwards() -> None:
    region = [[100, 20], [130, 20], [130, 180], [100, 180]]
    rows, columns = ink(draw_ocr(blank(), [{"text": "竖排文字", "text_region": region}])[:, 300:])
    assert rows.stop - rows.start > 3 * (columns.stop - columns.start)


def test_a_column_of_latin_is_a_line_turned_clockwise() -> None:
    region = [[100, 20], [130, 20], [130, 180], [100, 180]]
    panel = draw_ocr(blank(), [{"text": "L" + " " * 8 + ".", "text_region": region}])[:, 300:]
    rows, columns = ink(panel)
    # The foot of the L, at the top of the column, lies on the left after a clockwise turn.
    assert (rows.start < 60, columns.start < 115) == (True, True)


@pytest.mark.parametrize(
    "region",
    [
        pytest.param([[280, 80], [380, 80], [380, 120], [280, 120]], id="over-the-edge"),
        pytest.param([[900, 900], [990, 900], [990, 930], [900, 930]], id="outside"),
        pytest.param([[50, 50], [50, 50], [50, 50], [50, 50]], id="a-point"),
        pytest.param([[-40, -40], [40, -30], [38, -10], [-42, -20]], id="above-the-corner"),
        pytest.param([[10.5, 20.2], [99.9, 30.1], [98.0, 60.4], [9.0, 50.0]], id="fractions"),
    ],
)
def test_any_region_can_be_drawn(region: list[list[float]]) -> None:
    assert draw_ocr(blank(), [{"text": "text", "text_region": region}]).shape == (200, 600, 3)


def test_the_fallback_is_opened_where_the_system_has_no_font(no_system_font: None, tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "font.otf").write_bytes(b"")
    assert font.cjk_font_file(tmp_path / "weights") == font.FontFile(tmp_path / "weights" / "font.otf")


def test_without_any_font_a_warning_names_the_command(
    no_system_font: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        opened = [font.cjk_font(20) for _ in range(2)]
    assert all(isinstance(item, ImageFont.FreeTypeFont) for item in opened)
    assert [record.getMessage().split(": ")[-1] for record in caplog.records] == [
        "hub weights fetch NotoSansCJKsc"
    ]


def test_fontconfig_is_asked_for_the_simplified_chinese_face(no_system_font: None, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "fc-list"
    program.parent.mkdir()
    listing = [
        "0\tBold\tNoto Sans CJK SC\t/f/NotoSansCJK-Bold.ttc",
        "0\tRegular\tNoto Sans CJK JP\t/f/NotoSansCJK-Regular.ttc",
        "2\tRegular\tNoto Sans CJK SC\t/f/NotoSansCJK-Regular.ttc",
        "0\tRegular\tSome Other SC\t/f/Other.ttf",
    ]
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in listing))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert font.cjk_font_file() == font.FontFile(Path("/f/NotoSansCJK-Regular.ttc"), 2)


def test_a_broken_fontconfig_leaves_the_fallback(no_system_font: None, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "fc-list"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    found = tmp_path / "weights" / "NotoSansSC-Regular.ttf"
    found.parent.mkdir()
    found.write_bytes(b"")
    assert font.cjk_font_file(tmp_path / "weights") == font.FontFile(found)


def test_drawing_a_page_of_100_lines_is_quick() -> None:
    items = [
        {
            "text": f"line {n} 第{n}行",
            "text_region": [[20, 12 * n], [700, 12 * n], [700, 12 * n + 11], [20, 12 * n + 11]],
        }
        for n in range(100)
    ]
    page = np.full((1300, 900, 3), 240, np.uint8)
    draw_ocr(page, items)  # opens the font
    started = time.perf_counter()
    draw_ocr(page, items)
    assert time.perf_counter() - started < 1
