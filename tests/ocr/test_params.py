from __future__ import annotations

import json

import pytest

from hub.errors import ConfigError
from hub.ocr.params import DetectorParams, RecognizerParams, height_and_width

pytestmark = pytest.mark.unit


class Config:
    """As a module's params.py has it, with fields that only PaddleOCR knows."""

    det_model_dir = "./inference/det/"
    det_limit_side_len = 736
    det_db_thresh = 0.2
    det_east_nms_thresh = 0.2


def with_field(name: str, value: object) -> object:
    return type("Edited", (Config,), {name: value})()


def test_fields_are_taken_and_others_have_paddleocr_defaults() -> None:
    params = DetectorParams.read(Config())
    assert (params.det_limit_side_len, params.det_db_thresh) == (736, 0.2)
    assert (params.det_limit_type, params.det_db_box_thresh) == ("max", 0.5)


def test_a_field_set_on_the_object_counts() -> None:
    config = Config()
    config.det_db_thresh = 0.4
    assert DetectorParams.read(config).det_db_thresh == 0.4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("det_limit_side_len", "960"),
        ("det_limit_side_len", 0),
        ("det_limit_type", "longest"),
        ("det_db_thresh", 1.5),
        ("use_dilation", "yes"),
        ("det_algorithm", "EAST"),
        ("use_tensorrt", True),
        ("det_model_dir", 7),
        ("det_mean", 0.5),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_what_is_allowed(name: str, value: object) -> None:
    with pytest.raises(ConfigError) as refused:
        DetectorParams.read(with_field(name, value))

    said = str(refused.value)
    assert said.startswith(f"params.py or init_args: '{name}': must be ")
    assert said.endswith(f"(got {json.dumps(value)})")
    assert "Input" not in said  # pydantic's words


def test_each_mistake_of_a_step_has_its_line() -> None:
    config = type("Edited", (Config,), {"det_db_thresh": "high", "use_dilation": 1})()
    with pytest.raises(ConfigError) as refused:
        DetectorParams.read(config)

    assert len(str(refused.value).splitlines()) == 3


def test_a_missing_model_folder_is_named() -> None:
    with pytest.raises(ConfigError, match="'rec_model_dir' is missing"):
        RecognizerParams.read(Config())


def test_a_shape_is_channels_height_width() -> None:
    assert height_and_width("3, 48, 320") == (48, 320)


def test_a_shape_that_is_none_is_refused() -> None:
    config = type("Config", (), {"rec_model_dir": "x", "rec_image_shape": "48x320"})()
    with pytest.raises(ConfigError, match="'rec_image_shape': must be text of channels, height and width"):
        RecognizerParams.read(config)
