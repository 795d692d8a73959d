"""tools/compare_replies.py, run as people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "compare_replies.py"


def line(text: str, *, x: int = 10, confidence: float = 0.9) -> dict[str, Any]:
    region = [[x, 10], [x + 100, 10], [x + 100, 30], [x, 30]]
    return {"text": text, "confidence": confidence, "text_region": region}


def compare(tmp_path: Path, one: list[Any], other: list[Any], *options: str) -> tuple[int, str]:
    for name, items in (("a.json", one), ("b.json", other)):
        (tmp_path / name).write_text(json.dumps({"page.jpg": {"msg": "", "results": [items], "status": "0"}}))
    command = [sys.executable, str(SCRIPT), "a.json", "b.json", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout


def test_equal_replies_agree(tmp_path: Path) -> None:
    code, output = compare(tmp_path, [line("约定")], [line("约定")])
    assert code == 0
    assert "0 edits in 2 characters (0.00 %), 0 lines without partner, largest shift 0 px" in output


def test_a_changed_character_is_shown_and_counted(tmp_path: Path) -> None:
    code, output = compare(tmp_path, [line("hello")], [line("hallo")])
    assert code == 1
    assert "- hello\n    + hallo" in output
    assert "1 edits in 5 characters (20.00 %)" in output


def test_allowed_edits_are_no_failure(tmp_path: Path) -> None:
    assert compare(tmp_path, [line("hello")], [line("hallo")], "--max-edits", "1")[0] == 0


@pytest.mark.parametrize(("shift", "code"), [(1, 0), (2, 1)])
def test_a_corner_may_move_by_one_pixel(tmp_path: Path, shift: int, code: int) -> None:
    assert compare(tmp_path, [line("a")], [line("a", x=10 + shift)])[0] == code


def test_lines_are_paired_by_place_not_by_order(tmp_path: Path) -> None:
    left, right = line("left"), line("right", x=300)
    assert compare(tmp_path, [left, right], [right, left])[0] == 0


def test_a_missing_line_is_counted(tmp_path: Path) -> None:
    code, output = compare(tmp_path, [line("a"), line("b", x=300)], [line("a")])
    assert code == 1
    assert "1 lines without partner" in output


def test_replies_without_boxes_are_paired_by_order(tmp_path: Path) -> None:
    one, other = ({"text": "a", "confidence": 0.5}, {"text": "a", "confidence": 0.25})
    code, output = compare(tmp_path, [one], [other])
    assert code == 0
    assert "0.25000" in output
