"""``page_orientation``: a page on its side or upside down is read as if it were upright, with real models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from hub.module.loader import create
from hub.ocr.geometry import Image
from hub.registry.weights import fetch
from tests.ocr.conftest import MODULES
from tests.ocr.drawn import drawn
from tests.ocr.test_orientation import CLOCKWISE, TURNS, moved
from tests.serving.running import ROOT

pytestmark = pytest.mark.models

NAME = "PP-LCNet_x1_0_doc_ori"


@pytest.fixture(scope="module")
def system(weights: dict[str, Path], others: dict[str, Path]) -> Any:
    fetch((NAME,))
    return create(MODULES / "ocr_system", {"model": "PP-OCRv6_tiny", "params": {"page_orientation": True}})


@pytest.fixture(scope="module")
def plain(system: Any) -> dict[str, Any]:
    """What is read in the upright pages where nothing looks how they stand."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(system.pipeline, "orientation", None)
        return dict(zip(PAGES, system.predict(images=[page() for page in PAGES.values()]), strict=True))


def letter() -> Image:
    """A drawn page with a heading, lines of text, a column of Chinese and figures."""
    lines = [f"{row + 1}. 第{row + 1}条 甲方应于收到货物后付款 Payment No. {row}17" for row in range(9)]
    texts = [(160.0, 40.0, 56, "采购合同 Contract")]
    texts += [(60.0, 150.0 + 62 * row, 30, line) for row, line in enumerate(lines)]
    texts += [(860.0, 150.0 + 44 * row, 36, character) for row, character in enumerate("春花秋月何时了")]
    return drawn(960, 760, texts)


def receipt() -> Image:
    image: Image = cv2.imread(str(ROOT / "doc" / "imgs" / "receipt.jpg"))
    return image


PAGES = {"letter": letter, "receipt": receipt}


@pytest.mark.parametrize("angle", TURNS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_was_turned_is_read_as_upright_with_corners_in_the_picture(
    system: Any, plain: dict[str, Any], name: str, angle: int
) -> None:
    upright, expected = PAGES[name](), plain[name]
    (found,) = system.predict(images=[cv2.rotate(upright, CLOCKWISE[angle])])

    assert len(expected) > 9
    assert [line["text"] for line in found] == [line["text"] for line in expected]
    assert [line["confidence"] for line in found] == [line["confidence"] for line in expected]
    for one, other in zip(expected, found, strict=True):
        corners = {tuple(corner) for corner in other["text_region"]}
        assert corners == moved(one["text_region"], upright, CLOCKWISE[angle])


def test_an_upright_page_is_read_as_without_it_also_beside_one_that_is_turned(
    system: Any, plain: dict[str, Any]
) -> None:
    found = system.predict(images=[cv2.rotate(letter(), cv2.ROTATE_180), letter()])

    assert found[1] == plain["letter"]
    assert found[0] != plain["letter"]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(np.full((800, 600, 3), 255, np.uint8), id="white"),
        pytest.param(np.full((600, 900, 3), 128, np.uint8), id="grey"),
        pytest.param(
            cv2.circle(np.full((900, 600, 3), 250, np.uint8), (200, 500), 4, (0, 0, 0), -1), id="dot"
        ),
        pytest.param(cv2.imread(str(ROOT / "doc" / "imgs" / "empty.jpg")), id="photo without text"),
    ],
)
@pytest.mark.parametrize("angle", [0, *TURNS])
def test_a_page_with_nearly_nothing_on_it_is_not_turned(system: Any, page: Image, angle: int) -> None:
    assert system.pipeline.orientation.angles([cv2.rotate(page, CLOCKWISE[angle]) if angle else page]) == [0]


def test_words_of_a_turned_page_are_in_the_picture(system: Any) -> None:
    """A piece on its side says that it was turned to be read."""
    picture = cv2.rotate(receipt(), cv2.ROTATE_90_CLOCKWISE)
    (page,) = system.pipeline.examine([picture], upright=True, columns=True)

    assert page.turned is not None
    assert {reading.quarter for reading in page.readings} == {True}
    assert all(0 <= x <= 1040 and 0 <= y <= 800 for box in page.boxes for x, y in box.tolist())
