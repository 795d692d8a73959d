"""Pipelines by name: those of the documents, and what was meant by another one."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.paddlex.names import PIPELINES, known

pytestmark = pytest.mark.unit

#: The names in the file names of document 002's table of SDKs.
DOCUMENT_002 = """
    PP-ChatOCRv3-doc image_classification object_detection instance_segmentation semantic_segmentation
    image_multilabel_classification PP-ShiTuV2 pedestrian_attribute_recognition
    vehicle_attribute_recognition face_recognition small_object_detection anomaly_detection
    human_keypoint_detection open_vocabulary_detection open_vocabulary_segmentation rotated_object_detection
    3d_bev_detection OCR table_recognition table_recognition_v2 layout_parsing PP-StructureV3
    formula_recognition seal_recognition doc_preprocessor ts_forecast ts_anomaly_detection
    ts_classification multilingual_speech_recognition video_classification video_detection
"""


@pytest.mark.parametrize("name", DOCUMENT_002.split())
def test_a_pipeline_of_the_documents_is_known(name: str) -> None:
    assert known(name) == name


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("image_classfication", "image_classification"),  # as document 000 spells it
        ("ocr", "OCR"),
        ("image-classification", "image_classification"),
        ("PP-Structure", "PP-StructureV3"),
        ("table_recogniton_v2", "table_recognition_v2"),
        ("ts_fcc", "ts_forecast"),
        ("通用图像分类产线", "image_classification"),
        ("General OCR Pipeline", "OCR"),
        ("Time Series Forecasting Pipeline", "ts_forecast"),
    ],
)
def test_a_mistyped_name_gets_a_did_you_mean(given: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"no pipeline '{given}'. Did you mean {meant}[?]"):
        known(given)


def test_a_name_like_none_gets_the_whole_list() -> None:
    with pytest.raises(ConfigError) as raised:
        known("quux")
    assert all(name in str(raised.value) for name in PIPELINES)


@pytest.mark.parametrize(
    ("former", "today"),
    [("ts_fc", "ts_forecast"), ("multi_label_image_classification", "image_multilabel_classification")],
)
def test_a_name_of_2024_is_taken_as_todays(former: str, today: str) -> None:
    assert known(former) == today


def test_a_pipeline_that_paddlex_does_not_serve_is_refused_with_that_reason() -> None:
    with pytest.raises(ConfigError, match="PaddleX itself has no server for it"):
        known("text_to_speech")
