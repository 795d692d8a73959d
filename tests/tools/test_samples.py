"""The sample pictures: there, labelled, legible as files, and small enough to live in the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.unit

DOC = Path(__file__).resolve().parents[2] / "doc"
FOLDERS = [pytest.param(DOC / name, id=name) for name in ("imgs", "imgs_words")]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_picture_has_a_label_and_every_label_a_picture(folder: Path) -> None:
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    assert set(labels) == {file.name for file in folder.iterdir()} - {"labels.json"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_picture_is_an_image_in_colour(folder: Path) -> None:
    modes = {}
    for file in folder.glob("*.jpg"):
        with Image.open(file) as picture:
            modes[file.name] = picture.mode
    assert set(modes.values()) == {"RGB"}


def test_one_page_has_nothing_written_on_it() -> None:
    labels = json.loads((DOC / "imgs" / "labels.json").read_text("utf-8"))
    assert [name for name, lines in labels.items() if not lines] == ["empty.jpg"]


def test_all_pictures_together_are_under_one_and_a_half_megabytes() -> None:
    assert sum(file.stat().st_size for file in DOC.rglob("*.jpg")) < 1_500_000
