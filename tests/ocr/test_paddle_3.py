"""Folders in Paddle 3's own format, as all official ones of PP-OCRv5 are: tiny networks, exported here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from hub.engines import available
from hub.errors import ConfigError, EngineError, ModelNotFoundError
from hub.module.loader import create
from hub.ocr.geometry import Image
from hub.paddlex.plan import PipelineOptions, plan
from tests.ocr.conftest import MODULES
from tests.ocr.paddle_3 import CHARACTER, MEAN, STD, THRESHOLDS, export_detector, export_recognizer

PIPELINE = MODULES.parents[1] / "modules" / "ocr_pipeline"
WITHOUT_ONEDNN = "runs without oneDNN"

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_detector(tmp_path_factory.mktemp("det"))


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_recognizer(tmp_path_factory.mktemp("rec"))


@pytest.fixture
def params(detector: Path, recognizer: Path) -> dict[str, Any]:
    return {"det_model_dir": str(detector), "rec_model_dir": str(recognizer), "use_angle_cls": False}


@pytest.fixture(scope="module")
def page() -> Image:
    """Two lines."""
    sheet = np.full((240, 320, 3), 255, np.uint8)
    sheet[40:72, 40:200] = sheet[140:172, 40:260] = 0
    return sheet


@pytest.fixture(scope="module")
def line() -> Image:
    """Three pieces of text."""
    strip = np.full((48, 320, 3), 255, np.uint8)
    for left in (16, 128, 240):
        strip[:, left : left + 48] = 0
    return strip


def lines_said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if WITHOUT_ONEDNN in message]


def test_ocr_system_reads_with_models_of_paddle_3_and_says_once_that_onednn_is_off(
    params: dict[str, Any], page: Image, caplog: pytest.LogCaptureFixture
) -> None:
    module = create(MODULES / "ocr_system", {"params": params})
    (found,) = module.predict(images=[page])
    module.predict(images=[page, page])

    assert [item["text"] for item in found] == [CHARACTER] * 2
    assert [module.pipeline.detector.model.engine, module.pipeline.recognizer.model.engine] == ["paddle"] * 2
    (said,) = lines_said(caplog)
    assert said.startswith(f"{params['det_model_dir']}/inference.json runs without oneDNN")
    assert "\n" not in said


def test_ocr_det_and_ocr_rec_read_with_them(params: dict[str, Any], page: Image, line: Image) -> None:
    (regions,) = create(MODULES / "ocr_det", {"params": params}).predict(images=[page])
    ((reading,),) = create(MODULES / "ocr_rec", {"params": params}).predict(images=[line])

    assert len(regions) == 2
    assert reading["text"] == CHARACTER * 3


def test_a_params_py_may_name_them(params: dict[str, Any], page: Image, tmp_path: Path) -> None:
    shutil.copytree(MODULES / "ocr_system", tmp_path / "ocr_system")
    fields = "\n".join(f"    {name} = {value!r}" for name, value in params.items())
    source = f"class Config:\n{fields}\n\n\ndef read_params():\n    return Config()\n"
    (tmp_path / "ocr_system" / "params.py").write_text(source)
    (found,) = create(tmp_path / "ocr_system", {}).predict(images=[page])

    assert [item["text"] for item in found] == [CHARACTER] * 2


def test_a_pipeline_file_may_name_them(
    detector: Path, recognizer: Path, page: Image, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(detector, tmp_path / "det")
    models = {
        "TextDetection": {"model_name": "PP-OCRv5_mobile_det", "model_dir": "./det"},
        "TextRecognition": {"model_name": "PP-OCRv5_mobile_rec", "model_dir": str(recognizer)},
    }
    file = {"pipeline_name": "OCR", "use_textline_orientation": False, "SubModules": models}
    (tmp_path / "OCR.yaml").write_text(yaml.safe_dump(file))
    planned = plan(str(tmp_path / "OCR.yaml"), PipelineOptions(device="cpu"))
    module = create(PIPELINE, planned.init_args)
    body = {"file": cv2.imencode(".png", page)[1].tobytes(), "fileType": 1, "visualize": False}
    reply = module.call_endpoint("ocr", body)["reply"]

    (result,) = reply["result"]["ocrResults"]
    assert result["prunedResult"]["rec_texts"] == [CHARACTER] * 2
    assert len(lines_said(caplog)) == 1


def test_dictionary_thresholds_and_pixel_rules_are_those_of_inference_yml(params: dict[str, Any]) -> None:
    pipeline = create(MODULES / "ocr_system", {"params": params}).pipeline
    found = pipeline.detector.params

    assert pipeline.recognizer.characters == ["", CHARACTER, " "]
    assert (found.det_mean, found.det_std) == (tuple(MEAN), tuple(STD))
    thresholds = (found.det_db_thresh, found.det_db_box_thresh, found.det_db_unclip_ratio)
    assert thresholds == tuple(THRESHOLDS.values())


@pytest.mark.parametrize("given", [None, "ppocr_keys_v1.txt", "./ppocr_utils/ppocr_keys_v1.txt"])
def test_the_dictionary_of_inference_yml_is_found_whatever_default_the_field_keeps(
    recognizer: Path, given: str | None
) -> None:
    params = {"rec_model_dir": str(recognizer), "rec_char_dict_path": given}
    module = create(MODULES / "ocr_rec", {"params": params})

    assert module.recognizer.characters == ["", CHARACTER, " "]


def test_a_missing_dictionary_is_called_so(tmp_path: Path) -> None:
    params = {"rec_model_dir": str(export_recognizer(tmp_path, character=""))}
    with pytest.raises(ModelNotFoundError, match=r"no dictionary .*inference\.yml.*rec_char_dict_path"):
        create(MODULES / "ocr_rec", {"params": params})


@pytest.mark.parametrize("name", ["ocr_det", "ocr_system"])
@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_that_cannot_read_them_says_what_to_do(
    params: dict[str, Any], name: str, engine: str
) -> None:
    what = rf'{engine} cannot read .*inference\.json; .*"engine" to "paddle" or "auto".*paddle2onnx'
    with pytest.raises(EngineError, match=what):
        create(MODULES / name, {"engine": engine, "params": params})


def test_without_paddle_the_error_says_what_to_install_or_to_convert(
    params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(available, "find_spec", lambda name: name == "openvino" or None)
    with pytest.raises(EngineError, match=r"no engine here .*pip install paddlepaddle; or convert .*ONNX"):
        create(MODULES / "ocr_det", {"params": params})


@pytest.mark.parametrize(("enlarged", "onednn"), [(False, True), (True, False), (False, False)])
def test_nothing_is_said_where_onednn_runs_the_model_or_is_off_already(
    tmp_path: Path, page: Image, caplog: pytest.LogCaptureFixture, enlarged: bool, onednn: bool
) -> None:
    params = {"det_model_dir": str(export_detector(tmp_path, enlarged=enlarged))}
    module = create(MODULES / "ocr_det", {"params": params, "enable_mkldnn": onednn})

    assert len(module.predict(images=[page])[0]) == 2
    assert lines_said(caplog) == []


@pytest.mark.parametrize("name", ["ocr_cls", "ocr_system", "ocr_pipeline"])
def test_paddlexs_classifiers_of_another_kind_are_refused(
    params: dict[str, Any], tmp_path: Path, name: str
) -> None:
    model, classifier = "PP-LCNet_x1_0_textline_ori", str(tmp_path)
    (tmp_path / "inference.yml").write_text(f"Global: {{model_name: {model}}}")
    given: dict[str, Any] = {"params": {**params, "use_angle_cls": True, "cls_model_dir": classifier}}
    if name == "ocr_pipeline":
        folders = (params["det_model_dir"], params["rec_model_dir"], classifier)
        sections = ("text_detection", "text_recognition", "textline_orientation")
        given = {section: {"model_dir": folder} for section, folder in zip(sections, folders, strict=True)}
    with pytest.raises(ConfigError, match=f"{model}, which is not read here"):
        create(PIPELINE if name == "ocr_pipeline" else MODULES / name, given)
