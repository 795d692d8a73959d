from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from hub.registry.weights import fetch

TOOL = Path(__file__).resolve().parents[2] / "tools" / "labelled_set.py"


def draw(folder: Path, seed: int) -> dict[str, bytes]:
    counts = "--lines 3 --cards 1 --pages 1 --seed"
    command = [sys.executable, str(TOOL), str(folder), *counts.split(), str(seed)]
    subprocess.run(command, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.models
@pytest.mark.slow
def test_a_seed_draws_the_same_pictures_again_and_another_seed_others(tmp_path: Path) -> None:
    fetch(["NotoSansCJKsc"])
    first, again, other = (draw(tmp_path / str(i), seed) for i, seed in enumerate((1, 1, 2)))
    assert first == again
    assert first["line_0001.jpg"] != other["line_0001.jpg"]
    labels = json.loads(first["labels.json"])["pictures"]
    assert list(labels) == [*(f"line_000{i}.jpg" for i in (1, 2, 3)), "card_0001.jpg", "page_0001.jpg"]
    for name in ("card_0001.jpg", "page_0001.jpg"):
        height, width = cv2.imread(str(tmp_path / "0" / name)).shape[:2]
        for line in labels[name]:
            assert line["text"]
            assert all(-20 <= x <= width + 20 and -20 <= y <= height + 20 for x, y in line["box"])
