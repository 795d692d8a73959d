"""How the OCR pipeline is set up: PaddleX's words over params.py, and what is wrong with them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.module.loader import create, load_class
from hub.registry.weights import fetch
from tests.pipelines.conftest import MODELS, PIPELINE, image

# As the loader imports a module's files.
load_class(PIPELINE)
read_params = importlib.import_module("ocr_pipeline.params").read_params
Settings = importlib.import_module("ocr_pipeline.settings").Settings
combined = importlib.import_module("ocr_pipeline.settings").combined

GIVEN = {
    "text_detection": {"limit_side_len": 736, "box_thresh": 0.7, "model_dir": None},
    "text_recognition": {"score_thresh": 0.5, "batch_size": 1},
    "textline_orientation": None,
    "use_textline_orientation": False,
    "max_num_input_imgs": None,
    "max_output_img_size": None,
    "visualize": None,
}


def test_paddlexs_words_replace_what_they_name_and_none_leaves_it() -> None:
    config = combined(read_params(), GIVEN)

    assert (config.det_limit_side_len, config.det_db_box_thresh, config.drop_score) == (736, 0.7, 0.5)
    assert (config.rec_batch_num, config.use_angle_cls) == (1, False)
    assert (config.det_model_dir, config.visualize) == ("PP-OCRv6_small_det", True)
    assert config.max_num_input_imgs is config.max_output_img_size is None, "there, null means no limit"


@pytest.fixture(scope="session")
def models() -> None:
    """The models that the pipeline may run on."""
    fetch(("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", *MODELS))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"text_detection": {"limit_side_length": 1}},
            "text_detection: 'limit_side_length'.*mean 'limit_side_len'",
        ),
        ({"visualise": True}, "init_args: 'visualise'.*mean 'visualize'"),
        ({"text_recognition": 7}, "text_recognition must be an object"),
    ],
)
def test_a_key_that_is_none_is_an_error_with_a_guess(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        combined(read_params(), given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_num_input_imgs": 0}, "'max_num_input_imgs': .*above 0 .got 0"),
        ({"max_output_img_size": [1]}, "max_output_img_size"),
        ({"allow_urls": "yes"}, "'allow_urls': must be true or false"),
        ({"text_recognition": {"score_thresh": 2}}, "'drop_score': .*from 0 to 1 .got 2"),
    ],
)
def test_a_value_that_is_none_is_an_error_that_names_it(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Settings.read(combined(read_params(), given))


@pytest.mark.models
@pytest.mark.parametrize(
    ("given", "thresholds"),
    [
        ({}, (0.2, 0.45, 1.4)),
        ({"parity": True}, (0.3, 0.6, 1.5)),
        (
            {"text_detection": {"model_dir": "PP-OCRv6_small_det", "thresh": 0.25}, "parity": True},
            (0.25, 0.45, 1.4),
        ),
        ({"model": "PP-OCRv4_mobile", "text_detection": {"unclip_ratio": 2.0}}, (0.3, 0.6, 2.0)),
    ],
    ids=str,
)
def test_thresholds_are_init_args_then_the_models_then_paddlexs(
    models: None, given: dict[str, Any], thresholds: tuple[float, float, float]
) -> None:
    params = create(PIPELINE, given).pipeline.detector.params

    assert (params.det_db_thresh, params.det_db_box_thresh, params.det_db_unclip_ratio) == thresholds


@pytest.mark.models
def test_without_a_classifier_a_request_for_one_has_paddlexs_answer(ocr_home: Path) -> None:
    pipeline = create(PIPELINE, {"use_textline_orientation": False, "visualize": False})

    def ask(**fields: Any) -> Any:
        return pipeline.call_endpoint("ocr", {"file": image("sign.jpg"), "fileType": 1, **fields})

    refused = ask(useTextlineOrientation=True)
    assert (refused["http_status"], refused["reply"]["errorMsg"]) == (
        500, "the input params for model settings are invalid!"
    )  # fmt: skip
    (page,) = ask()["reply"]["result"]["ocrResults"]
    assert page.keys() == {"prunedResult"}
    assert set(page["prunedResult"]["textline_orientation_angles"]) == {-1}
