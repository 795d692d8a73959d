from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from hub.errors import InvalidInputError
from hub.ocr.images import as_image, chosen_images, read_images

pytestmark = pytest.mark.unit

RED = np.full((4, 6, 3), (0, 0, 255), np.uint8)
PNG = cv2.imencode(".png", RED)[1].tobytes()


@pytest.mark.parametrize(
    "item",
    [
        RED,
        PNG,
        base64.b64encode(PNG).decode(),
        base64.urlsafe_b64encode(PNG).decode(),
        base64.encodebytes(PNG).decode(),
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
    ],
    ids=["array", "bytes", "base64", "url-safe", "line breaks", "data URI"],
)
def test_an_image_comes_as_array_bytes_or_base64(item: object) -> None:
    assert np.array_equal(as_image(item), RED)


@pytest.mark.parametrize("item", [None, b"no image", base64.b64encode(b"no image").decode()])
def test_what_is_no_image_is_none(item: object) -> None:
    assert as_image(item) is None


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("", "is empty"),
        ("abc", "not base64"),
        ("图", "not base64"),
        (5, "not int"),
        (np.zeros((4, 4), np.uint8), r"not uint8 \(4, 4\)"),
        (np.zeros((4, 4, 3)), "not float64"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
    ],
    ids=["empty", "padding", "alphabet", "number", "grey", "float", "no rows"],
)
def test_what_cannot_be_an_image_is_refused(item: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        as_image(item)


def test_transparency_shows_the_ground_beneath() -> None:
    alpha = np.full((4, 6), 255, np.uint8)
    alpha[0] = 0
    data = cv2.imencode(".png", np.dstack([RED, alpha]))[1].tobytes()
    image = as_image(data)
    assert image is not None
    assert image[:2, 0].tolist() == [[255, 255, 255], [0, 0, 255]]


def test_files_that_are_no_images_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "red.png").write_bytes(PNG)
    (tmp_path / "notes.txt").write_text("text")
    assert len(read_images([str(tmp_path / "red.png"), str(tmp_path / "notes.txt")])) == 1


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="nowhere"):
        read_images([str(tmp_path / "nowhere.png")])


@pytest.mark.parametrize(
    ("images", "paths"),
    [([], []), ([RED], ["a.png"]), ({"a": RED}, [])],
    ids=["neither", "both", "an object"],
)
def test_images_or_paths_are_given_as_one_list(images: list[object], paths: list[str]) -> None:
    with pytest.raises(InvalidInputError, match="inconsistent with expectations"):
        chosen_images(images, paths)


def test_an_undecodable_image_keeps_its_place() -> None:
    first, second = chosen_images([b"no image", RED], [])
    assert first is None
    assert second is RED


def test_no_readable_file_at_all_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("text")
    with pytest.raises(InvalidInputError, match="not any image"):
        chosen_images([], [str(tmp_path / "notes.txt")])
