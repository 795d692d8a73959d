"""Which way up a page is: what its model sees, what it says, and places before and after a page is turned."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from hub.engines.base import CENTERED
from hub.errors import ConfigError
from hub.ocr import build
from hub.ocr.ctc import Reading
from hub.ocr.geometry import Box, Image, crop
from hub.ocr.orientation import Orientation, box_in_picture, prepare, reading_in_picture, turned
from hub.ocr.params import OrientationParams
from hub.ocr.words import words

pytestmark = pytest.mark.unit

TURNS = [90, 180, 270]
#: What a camera did that has to be turned back by these angles.
CLOCKWISE = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
PAGE = np.random.default_rng(7).integers(0, 256, (120, 200, 3), np.uint8)
BOX: Box = np.array([[30, 20], [150, 26], [148, 58], [28, 52]], np.float32)
COLUMN: Box = np.array([[30, 10], [60, 10], [60, 110], [30, 110]], np.float32)


def moved(points: Any, page: Image, rotation: int) -> set[tuple[int, int]]:
    """Where pixels of a page are after OpenCV's rotation."""
    places = set()
    for x, y in points:
        marked = np.zeros(page.shape[:2], np.uint8)
        marked[int(y), int(x)] = 1
        ((row, column),) = np.argwhere(cv2.rotate(marked, rotation)).tolist()
        places.add((column, row))
    return places


class Model:
    """Says one class of some, with a score."""

    engine, precision, provider, parallel = "none", "f32", "", 1

    def __init__(self, label: int = 1, score: float = 1.0, classes: int = 4) -> None:
        self.label, self.score, self.classes = label, score, classes

    def run_many(self, batches: Any) -> Any:
        for batch in batches:
            assert batch.images.shape == (1, 224, 224, 3)
            yield np.array([self.label]), np.array([self.score], np.float32)


def orientation(model: Model, **params: Any) -> Orientation:
    return Orientation(model, OrientationParams(**params))  # type: ignore[arg-type]


# -- what the model sees -------------------------------------------------------------------------------------


def test_the_model_sees_the_middle_in_rgb_with_its_shorter_side_at_256() -> None:
    page = cv2.resize(PAGE, (400, 512))
    scaled = cv2.resize(page, (256, 328))
    np.testing.assert_array_equal(prepare(page), scaled[52:276, 16:240, ::-1])


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 2), (1, 1), (3, 4)])
def test_a_page_of_any_shape_is_seen_without_being_scaled_as_a_whole(shape: tuple[int, int]) -> None:
    assert prepare(np.zeros((*shape, 3), np.uint8)).shape == (224, 224, 3)


# -- what it says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "angle"), [(0, 0), (1, 90), (2, 180), (3, 270)])
def test_the_classes_are_quarters_of_a_turn(label: int, angle: int) -> None:
    assert orientation(Model(label)).angles([PAGE, PAGE]) == [angle, angle]


@pytest.mark.parametrize(
    ("score", "params", "angle"),
    [
        (0.91, {}, 90),
        (0.89, {}, 0),
        (0.25, {}, 0),
        (0.5, {"page_orientation_thresh": 0.5}, 90),
        (0.3, {"page_orientation_thresh": 0}, 90),
    ],
)
def test_a_page_is_turned_only_where_the_model_is_sure(
    score: float, params: dict[str, Any], angle: int
) -> None:
    assert orientation(Model(score=score), **params).angles([PAGE]) == [angle]


@pytest.mark.parametrize("classes", [2, 1000])
def test_a_classifier_of_something_else_is_refused(classes: int) -> None:
    with pytest.raises(ConfigError, match=f"page_orientation_model_dir = 'mine': the model has {classes} cl"):
        orientation(Model(classes=classes), page_orientation_model_dir="mine").warm_up()


@pytest.mark.parametrize(
    ("asked", "loaded"),
    [
        ({"engine": "paddle"}, ("auto", "cpu")),
        ({"device": "gpu"}, ("auto", "cpu")),
        ({"engine": "onnxruntime"}, ("onnxruntime", "cpu")),
        ({"precision": "bf16"}, ("auto", "cpu")),
    ],
    ids=str,
)
def test_it_runs_where_it_can_and_always_in_f32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], loaded: tuple[str, str]
) -> None:
    """Sure pages score 0.925, close to the threshold."""
    (tmp_path / "inference.onnx").touch()
    given: dict[str, Any] = {}
    monkeypatch.setattr(build, "load", lambda folder, **options: given.update(options) or Model())

    build.build_orientation(SimpleNamespace(), lambda name: tmp_path, **asked)

    assert (given.get("engine", "auto"), given.get("device", "cpu"), given["precision"]) == (*loaded, "f32")
    assert given["normalize"] != CENTERED


# -- places before and after ---------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [0, *TURNS])
def test_a_page_is_turned_without_a_pixel_lost(angle: int) -> None:
    picture = cv2.rotate(PAGE, CLOCKWISE[angle]) if angle else PAGE
    np.testing.assert_array_equal(turned(picture, angle), PAGE)


@pytest.mark.parametrize("angle", TURNS)
@pytest.mark.parametrize("box", [BOX, COLUMN], ids=["line", "column"])
def test_corners_of_the_turned_page_are_the_same_pixels_of_the_picture(angle: int, box: Box) -> None:
    picture: Image = cv2.rotate(PAGE, CLOCKWISE[angle])
    place = box_in_picture(box, angle, picture)

    assert {tuple(corner) for corner in place.tolist()} == moved(box.tolist(), PAGE, CLOCKWISE[angle])


@pytest.mark.parametrize("angle", TURNS)
def test_corners_in_the_picture_begin_at_its_top_left(angle: int) -> None:
    corners = box_in_picture(BOX, angle, cv2.rotate(PAGE, CLOCKWISE[angle]))
    left, top = corners.mean(axis=0)
    assert [(x < left, y < top) for x, y in corners.tolist()] == [
        (True, True),
        (False, True),
        (False, False),
        (True, False),
    ]


@pytest.mark.parametrize("angle", TURNS)
@pytest.mark.parametrize("half", [False, True], ids=["upright", "half"])
@pytest.mark.parametrize("box", [BOX, COLUMN], ids=["line", "column"])
def test_words_are_at_the_same_place_of_the_paper(angle: int, half: bool, box: Box) -> None:
    """By the boxes of two words, which also say in which direction the line is read."""
    reading = Reading("ab cd", 0.9, (1, 2, 3, 7, 9), 10.0)
    picture: Image = cv2.rotate(PAGE, CLOCKWISE[angle])
    place = box_in_picture(box, angle, picture)
    in_picture, is_half = reading_in_picture(reading, box, angle, half=half)

    before = [np.array(word.box) for word in words(reading, box, turned=half)]
    after = [np.array(word.box) for word in words(in_picture, place, turned=is_half)]

    for one, other in zip(before, after, strict=True):
        corners = one.reshape(2, 2)[[[0, 0], [1, 0], [1, 1], [0, 1]], [0, 1]].astype(np.float32)
        moved = box_in_picture(corners, angle, picture)
        np.testing.assert_allclose([*moved.min(axis=0), *moved.max(axis=0)], other, atol=1)


@pytest.mark.parametrize("angle", TURNS)
def test_a_line_cut_out_of_the_picture_is_what_was_read_in_the_page(angle: int) -> None:
    box: Box = np.array([[30, 20], [150, 20], [150, 50], [30, 50]], np.float32)
    picture: Image = cv2.rotate(PAGE, CLOCKWISE[angle])
    way, half = reading_in_picture(Reading("a", 0.9), box, angle, half=False)

    piece = crop(picture, box_in_picture(box, angle, picture), quarter=way.quarter)
    piece = cv2.rotate(piece, cv2.ROTATE_180) if half else piece

    # A box's last row and column are not cut out, which are others after a turn.
    found = cv2.matchTemplate(crop(PAGE, box), piece[2:-2, 2:-2], cv2.TM_CCOEFF_NORMED)
    assert found.max() > 0.99
