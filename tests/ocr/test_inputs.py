"""One result per input, a document's from those of its pages."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.errors import InvalidInputError
from hub.ocr import inputs
from hub.ocr.inputs import chosen_inputs, examined
from hub.pictures.levels import Image
from hub.pictures.pages import Pages
from tests.pictures.drawn import several
from tests.pictures.test_pages import pdf
from tests.serving.pictures import encode, plain

pytestmark = pytest.mark.unit
THREE = several(*[plain(30, 20 + number) for number in range(3)])


def heights(images: list[Image]) -> list[list[dict[str, Any]]]:
    """A line per image, which says how high it is."""
    return [[{"text": str(image.shape[0])}] for image in images]


def read(images: list[Any], asked: Any = None) -> Any:
    return examined(chosen_inputs(images, []), heights, asked, [])


def test_a_line_of_a_document_says_its_page_and_that_of_a_picture_none() -> None:
    one = encode(plain(30, 40))
    assert read([one, THREE, pdf(1), one]) == [
        [{"text": "40"}],
        [{"text": "20", "page": 0}, {"text": "21", "page": 1}, {"text": "22", "page": 2}],
        [{"text": "72", "page": 0}],
        [{"text": "40"}],
    ]


@pytest.mark.parametrize(("asked", "pages"), [(None, [0, 1, 2]), (2, [0, 1]), ([2, 0], [2, 0])])
def test_pages_are_those_that_were_asked_for(asked: Any, pages: list[int]) -> None:
    (lines,) = read([base64.b64encode(THREE).decode()], asked)
    assert [line["page"] for line in lines] == pages


def test_a_long_document_is_in_memory_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_AT_ONCE", 2)
    sizes: list[int] = []

    def work(images: list[Image]) -> Any:
        sizes.append(len(images))
        return heights(images)

    (lines,) = examined(chosen_inputs([several(*[plain()] * 5)], []), work, None, [])
    assert (sizes, len(lines)) == ([0, 2, 2, 1], 5)


def test_pages_that_a_server_has_read_are_joined_with_those_of_other_inputs_in_one_call() -> None:
    page = np.zeros((20, 30, 3), np.uint8)
    read = Pages((3, 5, 6), (page, None, page))
    assert examined(chosen_inputs([page, read], []), heights, None, []) == [
        [{"text": "20"}],
        [{"text": "20", "page": 3}, {"text": "20", "page": 6}],
    ]


def test_pictures_of_pages_are_kept_apart() -> None:
    def work(images: list[Image]) -> Any:
        return [{"lines": [{"text": "a"}], "image": str(image.shape[0])} for image in images]

    (found,) = examined(chosen_inputs([THREE], []), work, 2, {"lines": [], "image": None})
    assert found == {
        "lines": [{"text": "a", "page": 0}, {"text": "a", "page": 1}],
        "image": "20",
        "images": ["20", "21"],
    }


def test_what_a_server_could_not_read_has_the_result_for_nothing() -> None:
    assert read([None, encode(plain())]) == [[], [{"text": "20"}]]


def test_a_file_given_in_python_that_cannot_be_read_is_an_error_that_says_which() -> None:
    with pytest.raises(InvalidInputError, match=r"images\[1\] is not a readable image: it is text"):
        read([encode(plain()), b"no image"])


def test_a_page_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="pages asks for 3; the file has 3 pages"):
        read([THREE], [3])


def test_paths_are_read_as_bytes_are(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(2))
    (tmp_path / "b.png").write_bytes(b"no image")
    found = chosen_inputs([], [str(tmp_path / "a.pdf"), str(tmp_path / "b.png")])
    assert examined(found, heights, None, []) == [[{"text": "72", "page": 0}, {"text": "72", "page": 1}]]
    with pytest.raises(InvalidInputError, match="There is not any image"):
        chosen_inputs([], [str(tmp_path / "b.png")])
    with pytest.raises(InvalidInputError, match="nowhere"):
        chosen_inputs([], [str(tmp_path / "nowhere")])


@pytest.mark.parametrize(
    ("images", "paths"),
    [
        ([], []),
        ([b"x"], ["a"]),
        ({"a": b"x"}, []),
        (iter([b"x"]), []),
        (np.zeros((1, 9, 9, 3), np.uint8), []),
        ([], None),
    ],
)
def test_images_or_paths_are_given_as_one_list(images: Any, paths: Any) -> None:
    with pytest.raises(InvalidInputError, match="inconsistent with expectations"):
        chosen_inputs(images, paths)


@pytest.mark.parametrize("kind", ["bytes", "array", "path", "text", "tuple", "paths"])
def test_one_image_may_stand_for_a_list_of_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(plain()))
    given: dict[str, Any] = {
        "bytes": path.read_bytes(),
        "array": np.zeros((20, 4, 3), np.uint8),
        "path": path,
        "text": str(path),
        "tuple": (path,),
    }
    found = chosen_inputs([], str(path)) if kind == "paths" else chosen_inputs(given[kind], [])

    assert examined(found, heights, None, []) == [[{"text": "20"}]]
