"""Images as a caller in Python hands them over."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from hub.errors import InvalidInputError
from hub.given_images import as_arrays, file_content

pytestmark = pytest.mark.unit

RED = np.full((4, 6, 3), (0, 0, 255), np.uint8)
PNG = cv2.imencode(".png", RED)[1].tobytes()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    path.write_bytes(PNG)
    return path


@pytest.mark.parametrize(
    "give",
    [
        pytest.param(str, id="path as text"),
        pytest.param(lambda path: path, id="path"),
        pytest.param(lambda path: path.read_bytes(), id="bytes"),
        pytest.param(lambda path: memoryview(path.read_bytes()), id="memoryview"),
        pytest.param(lambda path: path.open("rb"), id="file"),
        pytest.param(lambda path: io.BytesIO(path.read_bytes()), id="BytesIO"),
        pytest.param(Image.open, id="PIL, not loaded yet"),
        pytest.param(lambda path: Image.open(path).convert("CMYK"), id="PIL in CMYK"),
        pytest.param(lambda path: base64.b64encode(path.read_bytes()).decode(), id="base64"),
        pytest.param(lambda path: RED, id="array"),
    ],
)
def test_an_image_is_given_in_each_usual_form(file: Path, give: Callable[[Path], Any]) -> None:
    (array,) = as_arrays([give(file)])

    assert np.abs(array.astype(int) - RED).max() <= 1


def test_a_grey_array_becomes_bgr_and_none_stays() -> None:
    grey, none = as_arrays((np.full((2, 3), 7, np.uint8), None))

    assert (grey.shape, grey.max(), none) == ((2, 3, 3), 7, None)


def test_arrays_of_a_runner_are_not_copied() -> None:
    assert as_arrays([RED])[0] is RED


@pytest.mark.parametrize("kind", ["path", "bytes", "array", "grey", "PIL image", "file object"])
def test_one_image_is_a_list_of_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(RED[..., ::-1]).save(path)
    given = {
        "path": str(path),
        "bytes": path.read_bytes(),
        "array": RED,
        "grey": RED[..., 0],
        "PIL image": Image.open(path),
        "file object": io.BytesIO(path.read_bytes()),
    }
    (found,) = as_arrays(given[kind])

    assert found.shape == RED.shape


@pytest.mark.parametrize("text", ["nowhere.jpg", "scan 1.PDF"])
def test_a_file_that_is_not_there_is_told_as_such(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        as_arrays([text])
    assert str(refused.value) == f"images[0]: {text} cannot be read: No such file or directory"


def test_a_folder_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read: Is a directory"):
        as_arrays([str(tmp_path)])


@pytest.mark.parametrize("value", [None, 7, RED[None], {}])
def test_what_is_no_list_is_for_the_module_to_judge(value: Any) -> None:
    assert as_arrays(value) is value


def test_a_pil_image_is_turned_as_its_exif_says() -> None:
    image = Image.new("RGB", (6, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif)

    assert as_arrays([Image.open(buffer)])[0].shape == (6, 4, 3)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("a.jpg", "a.jpg cannot be read: No such file"),
        ("no\0path", "is not a file"),
        ("", r"images\[1\] is empty"),
        ("/9j/" * 2000, "not a readable image"),
        (Path("nowhere.png"), "nowhere.png cannot be read: No such file"),
        (b"abc", r"images\[1\] is not a readable image"),
        (b"", r"images\[1\] is empty"),
        (io.BytesIO(), "nothing follows the file object's position"),
        (io.StringIO("text"), 'mode "rb"'),
        (5, "must be a path, bytes, a file object, a PIL image, or an array, not int"),
        ([RED], "not list"),
        (np.zeros((4, 4, 3)), "float64"),
        (np.zeros((0, 4, 3), np.uint8), "shape"),
        (np.zeros((4, 4, 4), np.uint8), "shape"),
    ],
    ids=range(14),
)
def test_what_is_no_image_is_an_error_that_says_which(item: Any, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said) as error:
        as_arrays([RED, item])

    assert "images[1]" in str(error.value)


@pytest.mark.parametrize(
    "values", [np.float32([[0, 0.5, 1]]), np.int32([[0, 32_768, 65_535]])], ids=["F", "I"]
)
def test_a_pil_image_of_wide_numbers_is_read_as_a_file_of_them(values: Any) -> None:
    (found,) = as_arrays([Image.fromarray(values)])

    assert np.abs(found[0, :, 0].astype(int) - [0, 128, 255]).max() <= 1


def test_a_pil_image_of_a_cut_file_is_named(tmp_path: Path) -> None:
    big = cv2.imencode(".png", np.random.default_rng(1).integers(0, 255, (90, 90, 3), np.uint8))[1].tobytes()
    (tmp_path / "cut.png").write_bytes(big[:5000])
    with pytest.raises(InvalidInputError, match="the PIL image cannot be read"):
        file_content(Image.open(tmp_path / "cut.png"), "it")


@pytest.mark.parametrize("value", ["a.jpg", RED, 7, None, [b"a"]])
def test_text_and_arrays_are_no_files(value: Any) -> None:
    assert file_content(value, "it") is None
