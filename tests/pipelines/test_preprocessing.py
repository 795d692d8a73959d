"""Pages are turned upright: before OCR, where a request asks for it, and as the pipeline doc_preprocessor."""

from __future__ import annotations

import base64
import importlib
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from hub.errors import ConfigError, InvalidInputError, WeightsMissingError
from hub.module.loader import create, load_class
from hub.registry.weights import fetch
from tests.ocr.test_orientation import CLOCKWISE, TURNS
from tests.pipelines.conftest import PIPELINE, OCRServer, image

pytestmark = pytest.mark.slow

# As the loader imports a module's files.
load_class(PIPELINE)
preprocessor = importlib.import_module("ocr_pipeline.preprocessor")

UPRIGHT: Any = cv2.imdecode(np.frombuffer(image("receipt.jpg"), np.uint8), cv2.IMREAD_COLOR)
INVALID = "the input params for model settings are invalid!"


def png(angle: int = 0) -> bytes:
    """The receipt as a picture that has to be turned by this angle."""
    turned = cv2.rotate(UPRIGHT, CLOCKWISE[angle]) if angle else UPRIGHT
    return bytes(cv2.imencode(".png", turned)[1])


def picture(data: str) -> Any:
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


# -- before OCR ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def upright(server: OCRServer) -> Any:
    (page,) = server.read(png())["ocrResults"]
    return page["prunedResult"]


@pytest.mark.models
@pytest.mark.parametrize("angle", [0, *TURNS])
def test_a_page_is_read_as_upright_with_places_in_the_turned_page_as_in_paddlex(
    server: OCRServer, upright: Any, angle: int
) -> None:
    result = server.read(png(angle), useDocOrientationClassify=True)
    found = result["ocrResults"][0]["prunedResult"]

    steps = {"use_doc_orientation_classify": True, "use_doc_unwarping": False}
    assert found.pop("doc_preprocessor_res") == {"model_settings": steps, "angle": angle}
    assert found.pop("model_settings") == {"use_doc_preprocessor": True, "use_textline_orientation": True}
    assert found == {key: value for key, value in upright.items() if key != "model_settings"}
    width, height = (800, 1040) if angle in (0, 180) else (1040, 800)
    assert result["dataInfo"] == {"width": width, "height": height, "type": "image"}


@pytest.mark.models
def test_pictures_show_the_page_as_it_came_and_as_it_was_read(server: OCRServer) -> None:
    """They are at most 900 × 700 here."""
    (page,) = server.read(png(90), useDocOrientationClassify=True, visualize=True)["ocrResults"]

    given, read, steps = (picture(page[f"{name}Image"]) for name in ("input", "ocr", "docPreprocessing"))
    assert given.shape[1] > given.shape[0]
    assert read.shape[1] / read.shape[0] == pytest.approx(2 * 800 / 1040, rel=0.01)
    assert steps.shape[1] / (steps.shape[0] - 25) == pytest.approx((1040 + 2 * 800) / 1040, rel=0.01)
    assert max(steps.shape[0] / 700, steps.shape[1] / 900) <= 1


@pytest.mark.models
@pytest.mark.parametrize("fields", [{}, {"useDocOrientationClassify": False}, {"useDocUnwarping": False}])
def test_pages_are_taken_as_they_are_unless_a_request_asks(
    server: OCRServer, upright: Any, fields: dict[str, bool]
) -> None:
    (page,) = server.read(png(), visualize=True, **fields)["ocrResults"]

    assert page["prunedResult"] == upright
    assert upright["model_settings"]["use_doc_preprocessor"] is False
    assert page.keys() == {"prunedResult", "ocrImage", "inputImage"}


# -- which steps are taken -----------------------------------------------------------------------------------

MODEL = SimpleNamespace(angles=lambda pages: [0 for _ in pages])


class Loads:
    """Gives the model, and counts how often."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self.error = error

    def __call__(self) -> Any:
        self.count += 1
        if self.error:
            raise self.error
        return MODEL


@pytest.mark.unit
@pytest.mark.parametrize(
    ("by_default", "classify", "model"),
    [
        (False, None, None),
        (False, True, MODEL),
        (True, None, MODEL),
        (True, False, None),
        (True, True, MODEL),
    ],
)
def test_a_request_decides_else_the_configuration(
    by_default: bool, classify: bool | None, model: Any
) -> None:
    found = preprocessor.Preprocessor(Loads(), by_default=by_default)
    assert found.orientation(classify, None) is model
    assert found.orientation(classify, False) is model


@pytest.mark.unit
def test_the_model_is_loaded_once_and_only_for_who_asks() -> None:
    loads = Loads()
    found = preprocessor.Preprocessor(loads, by_default=False)
    found.orientation(None, None)
    assert loads.count == 0
    assert [found.orientation(True) for _ in range(3)] == [MODEL] * 3
    assert loads.count == 1
    preprocessor.Preprocessor(loads, by_default=True)
    assert loads.count == 2


@pytest.mark.unit
def test_weights_that_are_missing_are_named_to_who_asks_with_the_command() -> None:
    found = preprocessor.Preprocessor(Loads(WeightsMissingError(("some",))), by_default=False)

    with pytest.raises(preprocessor.StepMissingError) as raised:
        found.orientation(True)
    assert str(raised.value).startswith(f"{INVALID} useDocOrientationClassify: the weights some are not on")
    assert str(raised.value).endswith("hub weights fetch some")


# -- the pipeline doc_preprocessor ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(ocr_home: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUB_HOME", str(ocr_home))
        return create(PIPELINE, {"pipeline": "doc_preprocessor", "max_num_input_imgs": 2})


def ask(module: Any, file: bytes, **fields: Any) -> Any:
    body = {"file": file, "fileType": 1, "visualize": False, **fields}
    answer = module.call_endpoint("document-preprocessing", body)
    assert answer["http_status"] == (answer["reply"]["errorCode"] or 200)
    return answer["reply"]


@pytest.mark.models
@pytest.mark.parametrize("angle", [0, *TURNS])
def test_it_gives_the_upright_page_without_loss_and_the_angle(alone: Any, angle: int) -> None:
    reply = ask(alone, png(angle), logId="7")

    assert (reply["logId"], reply["errorMsg"]) == ("7", "Success")
    (page,) = reply["result"]["docPreprocessingResults"]
    steps = {"use_doc_orientation_classify": True, "use_doc_unwarping": False}
    assert page.pop("prunedResult") == {"model_settings": steps, "angle": angle}
    np.testing.assert_array_equal(picture(page.pop("outputImage")), UPRIGHT)
    assert page == {}
    assert reply["result"]["dataInfo"]["type"] == "image"


@pytest.mark.models
def test_switched_off_the_page_stays_and_its_angle_is_unknown(alone: Any) -> None:
    (page,) = ask(alone, png(90), useDocOrientationClassify=False)["result"]["docPreprocessingResults"]

    steps = {"use_doc_orientation_classify": False, "use_doc_unwarping": False}
    assert page["prunedResult"] == {"model_settings": steps, "angle": -1}
    assert picture(page["outputImage"]).shape == (800, 1040, 3)


@pytest.mark.models
def test_each_page_of_a_file_is_turned_by_itself_and_what_is_left_out_is_said(alone: Any) -> None:
    first, *rest = (Image.open(io.BytesIO(png(angle))) for angle in (90, 0, 180))
    file = io.BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=rest)

    result = ask(alone, file.getvalue(), useDocUnwarping=False, visualize=True)["result"]

    pages = result["docPreprocessingResults"]
    assert [page["prunedResult"]["angle"] for page in pages] == [90, 0]
    assert picture(pages[0]["inputImage"]).shape == (800, 1040, 3)
    assert picture(pages[0]["docPreprocessingImage"]).shape[1] <= 2000
    assert (result["dataInfo"]["numPages"], result["dataInfo"]["totalPages"]) == (2, 3)
    assert result["warnings"] == ["only the first 2 of 3 pages were read (max_num_input_imgs)"]


@pytest.mark.models
def test_unwarping_is_told_to_need_paddlex(alone: Any) -> None:
    reply = ask(alone, png(), useDocUnwarping=True)

    assert (reply["errorCode"], "result" in reply) == (500, False)
    assert reply["errorMsg"].startswith(f"{INVALID} useDocUnwarping: pages are not flattened here")
    assert "hub install --isolated paddlex_pipeline" in reply["errorMsg"]


@pytest.mark.models
def test_it_answers_at_its_own_endpoint_alone(alone: Any) -> None:
    assert list(alone.endpoints) == list(alone.endpoint_schemas) == ["document-preprocessing"]
    with pytest.raises(InvalidInputError, match="no endpoint 'ocr'; there is document-preprocessing"):
        alone.call_endpoint("ocr", {"file": png(), "fileType": 1})
    with pytest.raises(InvalidInputError, match=r"body\.useDocUnwarping"):
        ask(alone, png(), useDocUnwarping="perhaps")


@pytest.mark.unit
def test_another_pipeline_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="pipeline = 'seal'; allowed are OCR, doc_preprocessor"):
        create(PIPELINE, {"pipeline": "seal"})


@pytest.mark.models
@pytest.mark.parametrize(
    "given", [{"pipeline": "doc_preprocessor"}, {"use_doc_orientation_classify": True}], ids=str
)
def test_weights_that_are_missing_stop_the_start_where_it_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    with pytest.raises(WeightsMissingError, match=r"hub weights fetch .*PP-LCNet_x1_0_doc_ori\Z"):
        create(PIPELINE, given)


@pytest.mark.models
def test_configured_it_turns_every_request_s_page_but_where_one_step_is_named_alone(
    ocr_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the older form. PaddleX takes a word on unwarping for a word on both steps."""
    monkeypatch.setenv("HUB_HOME", str(ocr_home))
    fetch(("PP-OCRv6_tiny_det", "PP-OCRv6_tiny_rec"))
    module = create(PIPELINE, {"use_doc_orientation_classify": True, "model": "PP-OCRv6_tiny"})

    def angle(**fields: Any) -> Any:
        reply = module.call_endpoint("ocr", {"file": png(180), "fileType": 1, "visualize": False, **fields})[
            "reply"
        ]
        (page,) = reply["result"]["ocrResults"]
        return page["prunedResult"].get("doc_preprocessor_res", {}).get("angle")

    assert [angle(), angle(useDocOrientationClassify=False), angle(useDocUnwarping=False)] == [
        180,
        None,
        None,
    ]
    old = module.call_endpoint("ocr", {"image": png(180), "visualize": False})["reply"]["result"]["texts"]
    assert old[0]["poly"][0][1] < old[-1]["poly"][0][1]
