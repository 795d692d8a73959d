"""Options of a request in ocr_det, ocr_rec and ocr_system, with the real models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest

import hub
from hub.module.contract import ServingOptions
from hub.module.signature import Signature
from hub.ocr.geometry import Image
from hub.ocr.options import DetectorOptions, PipelineOptions
from hub.serving.runner import batcher
from hub.serving.runner.batcher import BatchPolicy
from hub.serving.runner.binding import Binding
from tests.ocr.conftest import Build, draw_line

pytestmark = pytest.mark.models


def texts(results: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[item["text"] for item in page] for page in results]


@pytest.mark.parametrize("name", ["ocr_det", "ocr_system"])
@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"det_limit_side_len": 32}, 0),
        ({"det_limit_side_len": 32, "det_limit_type": "min"}, 3),
        ({"det_db_thresh": 1.0}, 0),
        ({"det_db_box_thresh": 1.0}, 0),
        ({"det_db_box_thresh": None}, 3),
    ],
)
def test_a_request_sets_how_lines_are_found_for_itself_alone(
    build: Build, page: Image, name: str, options: dict[str, Any], count: int
) -> None:
    module = build(name)
    before = module.serving_method([page])

    assert len(module.serving_method([page], **options)[0]) == count
    assert module.serving_method([page]) == before


@pytest.mark.parametrize("name", ["ocr_det", "ocr_system"])
def test_a_request_sets_how_far_boxes_grow(build: Build, page: Image, name: str) -> None:
    def tops(ratio: float) -> list[int]:
        (lines,) = build(name).serving_method([page], det_db_unclip_ratio=ratio)
        return sorted(min(y for _, y in line["text_region"]) for line in lines)

    assert all(large < small for large, small in zip(tops(2.5), tops(0.8), strict=True))


@pytest.fixture
def configured(build: Build) -> Any:
    """ocr_system with settings by which nothing is read."""
    return build("ocr_system", params={"drop_score": 1.0, "det_limit_side_len": 32, "return_word_box": True})


def test_a_request_is_stronger_than_the_settings_of_the_module(configured: Any, page: Image) -> None:
    assert configured.predict(images=[page]) == [[]]
    assert configured.predict(images=[page], drop_score=0, det_limit_side_len=None) == [[]]

    (lines,) = configured.predict(images=[page], drop_score=0, det_limit_side_len=960)
    (bare,) = configured.predict(images=[page], drop_score=0, det_limit_side_len=960, return_word_box=False)

    assert [line["text_word"] for line in lines] == [["INVOICE"], ["20261120"], ["RECEIPT"]]
    assert [list(line) for line in bare] == [["text", "confidence", "text_region"]] * 3


@pytest.mark.parametrize(("score", "count"), [(0, 3), (0.5, 3), (1, 0)])
def test_a_request_sets_the_drop_score(build: Build, page: Image, score: float, count: int) -> None:
    assert len(build("ocr_system").predict(images=[page], drop_score=score)[0]) == count


def boxed(region: list[list[int]]) -> tuple[int, int, int, int]:
    xs, ys = zip(*region, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


@pytest.mark.parametrize("turn", [None, cv2.ROTATE_180], ids=["upright", "upside down"])
def test_a_line_of_ocr_system_comes_with_its_words_where_they_are_asked_for(
    build: Build, turn: int | None
) -> None:
    page = np.full((200, 640, 3), 255, np.uint8)
    page[40:88, 40:600] = draw_line("INVOICE 2026, PAID", width=560)
    picture = page if turn is None else cv2.rotate(page, turn)
    module = build("ocr_system")

    (plain,) = module.predict(images=[picture])
    ((line,),) = module.predict(images=[picture], return_word_box=True)

    assert [{key: line[key] for key in ("text", "confidence", "text_region")}] == plain
    assert "".join(line["text_word"]) == line["text"]
    found = {
        word: boxed(region) for word, region in zip(line["text_word"], line["text_word_region"], strict=True)
    }
    left, top, right, bottom = boxed(line["text_region"])
    for x1, y1, x2, y2 in found.values():
        assert left <= x1 <= x2 <= right and top <= y1 <= y2 <= bottom
    assert (found["INVOICE"][0] < found["2026"][0] < found["PAID"][0]) is (turn is None)


def test_a_line_of_ocr_rec_comes_with_its_words_where_they_are_asked_for(build: Build) -> None:
    images = [draw_line("INVOICE 2026"), np.full((48, 320, 3), 255, np.uint8), draw_line("7", width=40)]
    module = build("ocr_rec")

    (lines,) = module.predict(images=images, return_word_box=True)

    assert [line["text_word"] for line in lines] == [["INVOICE", " ", "2026"], [], ["7"]]
    first, last = (boxed(lines[0]["text_word_region"][number]) for number in (0, 2))
    assert 0 <= first[0] < first[2] < last[0] < last[2] <= 320 and first[1::2] == (0, 48)
    assert [{key: line[key] for key in ("text", "confidence")} for line in lines] == module.predict(
        images=images
    )[0]


def test_ocr_rec_tells_words_by_a_setting_too_unless_a_request_declines_them(build: Build) -> None:
    module = build("ocr_rec", params={"return_word_box": True})

    assert module.predict(images=[draw_line("A1")])[0][0]["text_word"] == ["A1"]
    assert "text_word" not in module.predict(images=[draw_line("A1")], return_word_box=False)[0][0]


@pytest.mark.parametrize(
    ("name", "option"),
    [("ocr_det", "drop_score"), ("ocr_rec", "drop_score"), ("ocr_rec", "det_db_thresh"), ("ocr_system", "x")],
)
def test_a_module_refuses_what_it_has_no_use_for(build: Build, page: Image, name: str, option: str) -> None:
    with pytest.raises(hub.InvalidInputError, match=f"unknown argument `{option}`"):
        build(name).predict(images=[page], **{option: 0.5})


def test_requests_with_other_options_are_not_joined_and_equal_ones_are(build: Build, page: Image) -> None:
    @dataclass
    class Waiting:
        arguments: dict[str, Any]

    binding = Binding(build("ocr_system").serving_method, {})
    several = [
        {},
        {"drop_score": 1.0},
        {},
        {"return_word_box": True},
        {"drop_score": 1.0},
        {"drop_score": 0.9999},
    ]
    waiting = [Waiting(binding.bind({"images": [page], **options})) for options in several]

    groups = batcher.group(waiting, BatchPolicy("images", 8))

    assert [len(members) for members in groups] == [2, 2, 1, 1]
    for members in groups:
        joined = binding.method(**batcher.join(members, "images"))
        alone = [binding.method(**member.arguments) for member in members]
        assert batcher.split(joined, members, "images") == alone


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ocr_det", list(DetectorOptions.__annotations__)),
        ("ocr_rec", ["return_word_box"]),
        ("ocr_system", list(PipelineOptions.__annotations__)),
        ("ocr_cls", []),
    ],
)
def test_each_module_tells_the_options_that_it_takes(build: Build, name: str, options: list[str]) -> None:
    method = build(name).serving_method
    manifest = Binding(method, {}, Signature(method)).manifest(ServingOptions())
    told = {parameter.name: parameter.schema or {} for parameter in manifest.parameters}

    assert [each for each in told if each not in ("images", "paths", "visualize", "pages")] == options
    assert all(told[each]["description"] for each in options)
    assert manifest.takes_any is False
