"""The four packages in deploy/hubserving/, with the real models."""

from __future__ import annotations

import base64
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from PIL import Image as Pillow

import hub
from hub.module.contract import serving_method
from hub.module.info import read_module_info
from hub.ocr.geometry import Image
from hub.serving.config.server_config import build as build_config
from tests.ocr.conftest import MODULES, Build, draw_line
from tests.pictures.drawn import several

pytestmark = pytest.mark.models


def encoded(image: Image) -> str:
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()


def texts(results: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[item["text"] for item in page] for page in results]


ENGINES = [
    pytest.param({"engine": "paddle"}, id="paddle"),
    pytest.param({"engine": "openvino", "parity": True}, id="openvino parity"),
    pytest.param({"engine": "openvino"}, id="openvino fast"),
]
#: Paddle takes a minute for what takes the others seconds.
MOSTLY_QUICK = [pytest.param({"engine": "paddle"}, id="paddle", marks=pytest.mark.slow), *ENGINES[1:]]


@pytest.mark.parametrize("init_args", ENGINES)
def test_ocr_system_reads_a_page(build: Build, page: Image, init_args: dict[str, Any]) -> None:
    results = build("ocr_system", **init_args).predict(images=[page])
    assert texts(results) == [["INVOICE", "20261120", "RECEIPT"]]


def test_ocr_system_items_are_plain_python(build: Build, page: Image) -> None:
    for item in build("ocr_system").predict(images=[page])[0]:
        assert list(item) == ["text", "confidence", "text_region"]
        assert type(item["confidence"]) is float
        assert [len(point) for point in item["text_region"]] == [2, 2, 2, 2]
        assert {type(number) for point in item["text_region"] for number in point} == {int}


def test_an_image_that_cannot_be_decoded_is_an_empty_entry(build: Build, page: Image) -> None:
    for name in ("ocr_det", "ocr_system"):
        results = build(name).serving_method([None, page])
        assert results[0] == []
        assert len(results[1]) == 3


def test_rec_and_cls_drop_what_cannot_be_decoded(build: Build) -> None:
    for name in ("ocr_rec", "ocr_cls"):
        assert [len(each) for each in build(name).serving_method([None, draw_line("A1")])] == [1]
        assert build(name).serving_method([None]) == [[]]


def test_base64_strings_are_read_like_arrays(build: Build, page: Image) -> None:
    module = build("ocr_system")
    assert module.serving_method([encoded(page)]) == module.predict(images=[page])


def test_paths_are_read_like_arrays(build: Build, page: Image, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "page.png"), page)
    module = build("ocr_system")
    assert module.predict(paths=[str(tmp_path / "page.png")]) == module.predict(images=[page])


@pytest.mark.parametrize("name", ["ocr_det", "ocr_cls", "ocr_rec", "ocr_system"])
def test_images_are_given_as_to_the_client(build: Build, tmp_path: Path, name: str) -> None:
    path = tmp_path / "line.png"
    cv2.imwrite(str(path), draw_line("A1"))
    module = build(name)
    expected = module.predict(images=[draw_line("A1")])
    for given in (str(path), path, path.read_bytes(), io.BytesIO(path.read_bytes()), PIL.Image.open(path)):
        assert module.predict(images=[given]) == expected


@pytest.mark.parametrize("name", ["ocr_det", "ocr_cls", "ocr_rec", "ocr_system"])
@pytest.mark.parametrize("item", ["a.jpg", b"abc", Path("a.jpg"), 7], ids=str)
def test_what_is_no_image_is_an_error_not_an_empty_page(build: Build, name: str, item: Any) -> None:
    with pytest.raises(hub.InvalidInputError, match=r"images\[0\]"):
        build(name).predict(images=[item])


def test_neither_images_nor_paths_is_paddleocrs_message(build: Build) -> None:
    for name in ("ocr_det", "ocr_cls", "ocr_rec", "ocr_system"):
        with pytest.raises(hub.InvalidInputError, match="inconsistent with expectations"):
            build(name).predict()


def test_an_empty_page_has_no_lines(build: Build) -> None:
    blank = np.full((200, 300, 3), 255, np.uint8)
    assert build("ocr_system").predict(images=[blank]) == [[]]
    assert build("ocr_det").predict(images=[blank]) == [[]]


@pytest.mark.parametrize("shape", [(1, 1), (5, 9), (1, 3000), (3000, 1), (31, 32)], ids=str)
def test_an_image_of_any_shape_is_answered(build: Build, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 128, np.uint8)
    for name in ("ocr_det", "ocr_cls", "ocr_rec", "ocr_system"):
        assert len(build(name).predict(images=[image])) == 1


def test_ocr_det_gives_regions_only(build: Build, page: Image) -> None:
    (regions,) = build("ocr_det").predict(images=[page])
    assert [list(region) for region in regions] == [["text_region"]] * 3


def test_ocr_det_finds_the_lines_of_each_page(build: Build, page: Image) -> None:
    lines = [Pillow.fromarray(page[row : row + 100, :, ::-1]) for row in (20, 120, 220)]
    (regions,) = build("ocr_det").predict(images=[several(*lines, kind="PDF", resolution=144)])
    assert [region["page"] for region in regions] == [0, 1, 2]
    assert all(region["text_region"][3][1] < 100 for region in regions)


def test_ocr_det_is_in_contour_order_bottom_up(build: Build, page: Image) -> None:
    (regions,) = build("ocr_det").predict(images=[page])
    tops = [region["text_region"][0][1] for region in regions]
    assert tops == sorted(tops, reverse=True)


def test_ocr_rec_answers_in_one_list_and_input_order(build: Build) -> None:
    lines = [draw_line("LONGER 123456"), draw_line("OK", width=80), draw_line("MIDDLE", width=200)]
    assert texts(build("ocr_rec").predict(images=lines)) == [["LONGER 123456", "OK", "MIDDLE"]]


def test_ocr_rec_keeps_lines_below_the_drop_score(build: Build) -> None:
    blank = np.full((48, 320, 3), 255, np.uint8)
    assert build("ocr_rec").predict(images=[blank]) == [[{"text": "", "confidence": 0.0}]]


def test_ocr_cls_tells_upside_down(build: Build) -> None:
    line = draw_line("INVOICE 2026")
    (angles,) = build("ocr_cls").predict(images=[line, cv2.rotate(line, cv2.ROTATE_180)])
    assert [angle["angle"] for angle in angles] == ["0", "180"]


def test_ocr_system_reads_a_page_upside_down(build: Build, page: Image) -> None:
    results = build("ocr_system").predict(images=[cv2.rotate(page, cv2.ROTATE_180)])
    assert sorted(texts(results)[0]) == ["20261120", "INVOICE", "RECEIPT"]


@pytest.mark.parametrize("init_args", MOSTLY_QUICK)
def test_several_images_give_what_each_gives_alone(
    build: Build, page: Image, init_args: dict[str, Any]
) -> None:
    module = build("ocr_system", **init_args)
    pages = [page, page[:200], np.full((100, 100, 3), 255, np.uint8), cv2.resize(page, None, fx=0.8, fy=0.9)]
    assert module.predict(images=pages) == [module.predict(images=[each])[0] for each in pages]


@pytest.mark.parametrize("init_args", MOSTLY_QUICK)
def test_threads_may_share_a_module(build: Build, page: Image, init_args: dict[str, Any]) -> None:
    module = build("ocr_system", **init_args)
    pages = [cv2.resize(page, None, fx=scale, fy=scale) for scale in (1.0, 0.9, 0.8, 1.1)] * 2
    alone = [module.predict(images=[each]) for each in pages]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda each: module.predict(images=[each]), pages)) == alone


def test_engines_find_the_same_boxes(build: Build, page: Image) -> None:
    one, other = (
        build("ocr_det", engine=engine, parity=True).predict(images=[page])
        for engine in ("paddle", "openvino")
    )
    assert one == other


def test_engines_read_a_page_of_short_and_long_lines_alike_in_parity_mode(build: Build) -> None:
    """Whether they run its batches whole (Paddle) or line by line (OpenVINO): all lines are padded alike."""
    lines = [draw_line("OK", width=80), draw_line("LONGER 123456", width=700), draw_line("MID", width=200)]
    one, other = (
        build("ocr_rec", engine=engine, parity=True).predict(images=lines)[0]
        for engine in ("paddle", "openvino")
    )
    assert [item["text"] for item in other] == [item["text"] for item in one]
    assert [item["confidence"] for item in other] == pytest.approx(
        [item["confidence"] for item in one], abs=1e-4
    )


@pytest.mark.slow
def test_onednn_changes_no_result(build: Build, page: Image) -> None:
    modules = [build("ocr_system", engine="paddle", enable_mkldnn=value) for value in (True, False)]
    one, other = (module.predict(images=[page])[0] for module in modules)
    assert [item["text_region"] for item in one] == [item["text_region"] for item in other]
    assert texts([one]) == texts([other])


@pytest.mark.parametrize(
    ("name", "port"), [("ocr_det", 8865), ("ocr_cls", 8866), ("ocr_rec", 8867), ("ocr_system", 8868)]
)
def test_the_config_file_serves_its_module(name: str, port: int) -> None:
    config = json.loads((MODULES / name / "config.json").read_text())
    info = read_module_info(MODULES / name)
    assert config["port"] == port
    assert config["modules_info"][name] == {
        "init_args": {"version": info.version, "use_gpu": False},
        "predict_args": {},
    }


def test_the_serving_methods_take_decoded_images_and_threads(build: Build) -> None:
    for name, batch in (
        ("ocr_det", "images"),
        ("ocr_cls", None),
        ("ocr_rec", None),
        ("ocr_system", "images"),
    ):
        marked = serving_method(type(build(name)))
        assert marked is not None
        method, options = marked
        assert (method, options.batch) == ("serving_method", batch)
        assert options.images == ("images",)
        assert options.thread_safe


@pytest.mark.slow
def test_three_recognisers_on_one_port_read_with_three_models(build: Build) -> None:
    document = (MODULES.parents[1] / "doc" / "ocr_models.md").read_text("utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    served = build_config(json.loads(example), "doc/ocr_models.md").modules_info
    line = draw_line("RECEIPT")
    read = [build("ocr_rec", **entry.module_args).predict(images=[line]) for entry in served.values()]

    assert [entry.installed_name or name for name, entry in served.items()] == ["ocr_rec"] * 3
    assert [texts(results) for results in read] == [[["RECEIPT"]]] * 3
    assert len({results[0][0]["confidence"] for results in read}) == 3
