"""A pipeline's YAML file in the form of PaddleX's 2024 releases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.paddlex.plan import BRIDGE, NATIVE, PipelineOptions, plan
from tests.paddlex.files import OLDER_OCR, REMOVED, written

pytestmark = pytest.mark.unit

OLDER_CLASSIFIER = """
Global:
  pipeline_name: image_classification
  input: a.jpg
Pipeline:
  model: PP-LCNet_x0_5
  batch_size: 2
  device: "gpu:1"
NOTE:
  model: [PP-LCNet_x0_5]
"""


def test_an_ocr_file_becomes_todays(tmp_path: Path) -> None:
    found = plan(written(tmp_path, OLDER_OCR), PipelineOptions())

    assert (found.module, str(found.device)) == (NATIVE, "cpu")
    assert found.init_args == {
        # The models' own figures of that time, which PaddleX then took.
        "text_detection": {
            "model_dir": "PP-OCRv4_mobile_det",
            "limit_side_len": 960,
            "limit_type": "max",
            "max_side_limit": 4000,
            "thresh": 0.3,
            "box_thresh": 0.6,
            "unclip_ratio": 1.5,
        },
        "text_recognition": {"model_dir": "PP-OCRv4_mobile_rec", "batch_size": 4},
        "use_textline_orientation": False,
        "engine": "auto",
    }


@pytest.mark.parametrize("words", [("det_model", "rec_model"), ("text_det_model", "text_rec_model")])
def test_a_model_may_be_a_folder_by_either_of_its_keys(tmp_path: Path, words: tuple[str, str]) -> None:
    folder = tmp_path / "my_det"
    folder.mkdir()
    for name in ("inference.json", "inference.pdiparams"):
        (folder / name).touch()
    text = OLDER_OCR.replace("text_det_model: PP-OCRv4_mobile_det", f"{words[0]}: my_det")
    found = plan(written(tmp_path, text.replace("text_rec_model", words[1])), PipelineOptions())

    assert found.module == NATIVE
    assert found.init_args["text_detection"]["model_dir"] == str(folder)


def test_a_pipeline_of_one_model_becomes_todays_for_paddlex(tmp_path: Path) -> None:
    found = plan(written(tmp_path, OLDER_CLASSIFIER), PipelineOptions())

    assert (found.module, str(found.device)) == (BRIDGE, "gpu:1")
    model = {"module_name": "image_classification", "model_name": "PP-LCNet_x0_5", "batch_size": 2}
    assert found.init_args["pipeline"] == {
        "pipeline_name": "image_classification",
        "device": "gpu:1",
        "SubModules": {"ImageClassification": model},
    }


@pytest.mark.parametrize(
    ("pipeline", "entry", "insisted"),
    [
        ("semantic_segmentation", "SemanticSegmentation", {"target_size": None}),
        ("small_object_detection", "SmallObjectDetection", {"threshold": 0.5}),
        ("instance_segmentation", "InstanceSegmentation", {"threshold": 0.5}),
        ("multi_label_image_classification", "ImageMultiLabelClassification", {"batch_size": 1}),
    ],
)
def test_keys_that_paddlex_3_insists_on_have_the_values_of_its_own_files(
    tmp_path: Path, pipeline: str, entry: str, insisted: dict[str, Any]
) -> None:
    changes = {"Global.pipeline_name": pipeline, "Pipeline.batch_size": REMOVED, "NOTE": REMOVED}
    found = plan(written(tmp_path, OLDER_CLASSIFIER, **changes), PipelineOptions())

    model = found.init_args["pipeline"]["SubModules"][entry]
    assert {key: model[key] for key in insisted} == insisted


def test_a_file_s_own_batch_size_stands_above_the_one_that_is_filled_in(tmp_path: Path) -> None:
    changes = {"Global.pipeline_name": "multi_label_image_classification"}
    found = plan(written(tmp_path, OLDER_CLASSIFIER, **changes), PipelineOptions())

    model = found.init_args["pipeline"]["SubModules"]["ImageMultiLabelClassification"]
    assert model["batch_size"] == 2


def test_a_model_of_one_s_own_has_the_name_that_was_written_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "best_model"
    folder.mkdir()
    (folder / "inference.yml").write_text("Global:\n  model_name: ResNet18\n")
    found = plan(written(tmp_path, OLDER_CLASSIFIER, **{"Pipeline.model": "best_model"}), PipelineOptions())

    (model,) = found.init_args["pipeline"]["SubModules"].values()
    assert (model["model_name"], model["model_dir"]) == ("ResNet18", str(folder))


def test_a_model_of_one_s_own_without_a_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "best_model").mkdir()
    with pytest.raises(ConfigError, match=r"best_model has no inference\.yml"):
        plan(written(tmp_path, OLDER_CLASSIFIER, **{"Pipeline.model": "best_model"}), PipelineOptions())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Pipeline.text_det_modell": "x"}, "did you mean 'text_det_model'?"),
        ({"Pipeline.text_rec_batch_size": 0}, "'Pipeline.text_rec_batch_size'"),
        ({"Global.pipeline_name": "OCRR"}, "Did you mean OCR?"),
        ({"Global.mode": "x"}, "unknown key 'Global.mode'"),
        ({"Serving": {}}, "unknown key 'Serving'"),
        ({"Global.pipeline_name": "table_recognition"}, "paddlex --get_pipeline_config table_recognition"),
    ],
    ids=str,
)
def test_a_mistake_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        plan(written(tmp_path, OLDER_OCR, **changes), PipelineOptions())

    assert said in str(raised.value)
    assert "pipeline.yaml" in str(raised.value)
