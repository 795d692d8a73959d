"""A pipeline's YAML file in the form of PaddleX 3: what it becomes, and which mistakes are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.errors import ConfigError
from hub.paddlex.plan import BRIDGE, NATIVE, PipelineOptions, plan
from tests.paddlex.files import CLASSIFIER, OCR, PREPROCESSOR, REMOVED, written

pytestmark = pytest.mark.unit


def planned(folder: Path, changes: dict[str, Any] | None = None, text: str = OCR, **asked: Any) -> Any:
    return plan(written(folder, text, **(changes or {})), PipelineOptions(**asked))


def refused(folder: Path, changes: dict[str, Any], text: str = OCR) -> str:
    with pytest.raises(ConfigError) as raised:
        planned(folder, changes, text)
    return str(raised.value)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that looks like an exported model, beside the pipeline's file."""
    folder = tmp_path / "models" / "my_rec"
    folder.mkdir(parents=True)
    for name in ("inference.pdmodel", "inference.pdiparams"):
        (folder / name).touch()
    return folder


# -- OCR, served by our own module -------------------------------------------------------------------


def test_every_key_of_the_models_reaches_the_module(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        {
            "SubModules.TextDetection.limit_side_len": 736,
            "SubModules.TextDetection.thresh": 0.2,
            "SubModules.TextRecognition.score_thresh": 0.5,
            "SubModules.TextRecognition.return_word_box": True,
        },
    )

    assert found.module == NATIVE
    assert found.init_args == {
        "text_detection": {
            "model_dir": "PP-OCRv4_mobile_det",
            "limit_side_len": 736,
            "limit_type": "min",
            "max_side_limit": 4000,
            "thresh": 0.2,
            "box_thresh": 0.6,
            "unclip_ratio": 1.5,
        },
        "text_recognition": {
            "model_dir": "PP-OCRv4_mobile_rec",
            "batch_size": 6,
            "score_thresh": 0.5,
            "return_word_box": True,
        },
        "use_textline_orientation": False,
        "engine": "auto",
    }
    assert found.weights == ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec")


def test_keys_of_detection_that_are_left_out_are_those_of_paddlex_s_code(tmp_path: Path) -> None:
    keys = ("limit_side_len", "limit_type", "unclip_ratio", "box_thresh", "thresh", "max_side_limit")
    found = planned(tmp_path, {f"SubModules.TextDetection.{key}": REMOVED for key in keys})

    assert found.init_args["text_detection"] == {
        "model_dir": "PP-OCRv4_mobile_det",
        "limit_side_len": 960,
        "limit_type": "max",
        "max_side_limit": 4000,
        "thresh": 0.3,
        "box_thresh": 0.6,
        "unclip_ratio": 2.0,
    }


def test_the_section_serving_reaches_the_module(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        {
            "Serving.visualize": False,
            "Serving.extra.max_num_input_imgs": None,
            "Serving.extra.max_output_img_size": [800, 600],
        },
    )

    assert found.init_args["visualize"] is False
    assert found.init_args["max_num_input_imgs"] is None
    assert found.init_args["max_output_img_size"] == [800, 600]


def test_pp_ocrv6_small_is_taken_from_the_catalogue(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        {
            "SubModules.TextDetection.model_name": "PP-OCRv6_small_det",
            "SubModules.TextRecognition.model_name": "PP-OCRv6_small_rec",
        },
    )

    assert (found.module, found.weights) == (NATIVE, ("PP-OCRv6_small_det", "PP-OCRv6_small_rec"))
    assert found.init_args["text_recognition"]["model_dir"] == "PP-OCRv6_small_rec"


@pytest.mark.parametrize("from_working_directory", [True, False], ids=["working directory", "file's folder"])
def test_a_model_s_folder_is_found_from_either_place(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, from_working_directory: bool
) -> None:
    monkeypatch.chdir(tmp_path if from_working_directory else "/")
    folder = tmp_path / "elsewhere" if from_working_directory else tmp_path
    folder.mkdir(exist_ok=True)
    found = planned(
        folder,
        {
            "SubModules.TextRecognition.model_name": "PP-OCRv5_mobile_rec",
            "SubModules.TextRecognition.model_dir": "models/my_rec",
        },
    )

    assert found.module == NATIVE
    assert found.init_args["text_recognition"]["model_dir"] == str(model)


def test_lines_are_turned_by_the_model_that_the_catalogue_has(tmp_path: Path) -> None:
    entry = {"model_name": "ch_ppocr_mobile_v2.0_cls", "batch_size": 3}
    found = planned(tmp_path, {"use_textline_orientation": True, "SubModules.TextLineOrientation": entry})

    assert found.init_args["use_textline_orientation"] is True
    assert found.init_args["textline_orientation"] == {
        "model_dir": "ch_ppocr_mobile_v2.0_cls",
        "batch_size": 3,
    }


def test_switches_that_are_left_out_follow_what_is_described(tmp_path: Path) -> None:
    found = planned(tmp_path, {"use_doc_preprocessor": REMOVED, "use_textline_orientation": REMOVED})

    assert (found.module, found.init_args["use_textline_orientation"]) == (NATIVE, False)


@pytest.mark.parametrize(
    ("changes", "asked", "engine"),
    [
        ({}, {}, "auto"),
        ({}, {"use_hpip": True}, "hpip"),
        ({"use_hpip": True}, {}, "hpip"),
        ({"use_hpip": False}, {"use_hpip": True}, "hpip"),
        ({"use_hpip": True, "SubModules.TextDetection.use_hpip": False}, {}, "hpip"),
        ({"use_hpip": True, "hpi_config": {"backend": "openvino"}}, {}, "openvino"),
        ({"hpi_config": {"backend": "openvino"}}, {}, "auto"),
        ({"use_hpip": True}, {"hpi_config": {"backend": "onnxruntime"}}, "onnxruntime"),
        ({"engine": "paddle_static"}, {}, "paddle"),
        ({"engine": "hpi"}, {}, "hpip"),
    ],
    ids=str,
)
def test_the_engine_is_the_one_that_the_deepest_word_asks_for(
    tmp_path: Path, changes: dict[str, Any], asked: dict[str, Any], engine: str
) -> None:
    found = planned(tmp_path, changes, **asked)

    assert (found.module, found.init_args["engine"]) == (NATIVE, engine)


@pytest.mark.parametrize("text", [OCR, CLASSIFIER], ids=["ours", "PaddleX's"])
def test_urls_are_fetched_where_the_command_line_allows_it(tmp_path: Path, text: str) -> None:
    assert planned(tmp_path, text=text, allow_urls=True).init_args["allow_urls"] is True
    assert "allow_urls" not in planned(tmp_path, text=text).init_args


def test_the_command_line_s_device_stands_above_the_file_s(tmp_path: Path) -> None:
    assert str(planned(tmp_path, {"device": "gpu:0,1"}).device) == "gpu:0,1"
    assert str(planned(tmp_path, {"device": "gpu:0,1"}, device="cpu").device) == "cpu"
    assert str(planned(tmp_path, {"SubModules.TextDetection.device": "gpu"}).device) == "gpu:0"
    assert planned(tmp_path).device is None


def test_keys_without_effect_are_named(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        {
            "batch_size": 2,
            "Serving.extra.url_expires_in": 60,
            "Serving.extra.file_storage": {"type": "memory"},
            "hpi_config": {"backend": "openvino", "backend_config": {"cpu_num_threads": 4}},
        },
    )

    assert found.ignored == (
        "batch_size",
        "hpi_config.backend",  # without use_hpip
        "hpi_config.backend_config",
        "Serving.extra.file_storage",
        "Serving.extra.url_expires_in",
    )


# -- OCR that asks for more than our module does -------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"use_doc_preprocessor": True}, "pages are turned upright, not flattened"),
        (
            {"SubPipelines.DocPreprocessor": {}, "use_doc_preprocessor": REMOVED},
            "SubPipelines.DocPreprocessor.use_doc_unwarping: pages are turned upright, not flattened",
        ),
        (
            {
                "use_doc_preprocessor": True,
                "SubPipelines.DocPreprocessor": {
                    "use_doc_unwarping": False,
                    "SubModules": {"DocOrientationClassify": {"model_name": "PP-LCNet_x2_0_doc_ori"}},
                },
            },
            "no weights of PP-LCNet_x2_0_doc_ori; it has PP-LCNet_x1_0_doc_ori,",
        ),
        ({"text_type": "seal"}, "text_type is seal"),
        (
            {"SubModules.TextDetection.model_name": "PP-OCRv5_server_det"},
            "no weights of PP-OCRv5_server_det; it has PP-OCRv6_small_det, PP-OCRv6_tiny_det, ",
        ),
        ({"SubModules.TextDetection.model_name": "PP-OCRv4_mobil_det"}, "is PP-OCRv4_mobile_det meant"),
        (
            {
                "use_textline_orientation": True,
                "SubModules.TextLineOrientation": {"model_name": "PP-LCNet_x1_0_textline_ori"},
            },
            "it has ch_ppocr_mobile_v2.0_cls",
        ),
        ({"SubModules.TextRecognition.input_shape": [3, 48, 320]}, "input_shape"),
        ({"Serving.return_urls": True}, "return_urls"),
        ({"Serving.extra.file_storage": {"type": "file_system", "directory": "x"}}, "file_storage"),
        ({"engine": "transformers"}, "engine is transformers"),
        ({"use_hpip": True, "hpi_config": {"backend": "tensorrt"}}, "backend is tensorrt"),
        (
            {
                "SubModules.TextDetection.engine": "onnxruntime",
                "SubModules.TextRecognition.engine": "paddle_static",
            },
            "different engines",
        ),
    ],
    ids=str,
)
def test_what_our_module_does_not_do_goes_to_paddlex_with_the_reason(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    found = planned(tmp_path, changes)

    assert found.module == BRIDGE
    assert found.init_args == {"pipeline": str(tmp_path / "pipeline.yaml")}
    assert any(reason in each for each in found.unsupported), found.unsupported


def test_a_preprocessor_with_nothing_to_do_is_none(tmp_path: Path) -> None:
    off = {"use_doc_orientation_classify": False, "use_doc_unwarping": False}
    found = planned(tmp_path, {"use_doc_preprocessor": True, "SubPipelines.DocPreprocessor": off})

    assert found.module == NATIVE


def test_pages_are_turned_before_ocr_by_the_model_that_the_catalogue_has(tmp_path: Path) -> None:
    found = planned(
        tmp_path,
        {
            "use_doc_preprocessor": REMOVED,
            "SubPipelines.DocPreprocessor": yaml.safe_load(PREPROCESSOR),
        },
    )

    assert (found.module, found.unsupported, found.ignored) == (NATIVE, (), ())
    assert found.init_args["use_doc_orientation_classify"] is True
    assert found.init_args["doc_orientation_classify"] == {"model_dir": "PP-LCNet_x1_0_doc_ori"}
    assert found.weights == ("PP-OCRv4_mobile_det", "PP-OCRv4_mobile_rec", "PP-LCNet_x1_0_doc_ori")


def test_the_model_of_pages_may_be_in_a_folder(tmp_path: Path, model: Path) -> None:
    place = "SubPipelines.DocPreprocessor.SubModules.DocOrientationClassify"
    changes = {"use_doc_preprocessor": True, "SubPipelines.DocPreprocessor.use_doc_unwarping": False}
    found = planned(tmp_path, {**changes, f"{place}.model_dir": "models/my_rec"})

    assert found.init_args["doc_orientation_classify"] == {"model_dir": str(model)}
    assert f"{place}: there is no folder nowhere" in refused(
        tmp_path, {**changes, f"{place}.model_dir": "nowhere"}
    )


# -- mistakes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"serving": {"visualize": False}}, "unknown key 'serving'; did you mean 'Serving'?"),
        ({"server": {"port": 9000}}, "'server' is not a key of a pipeline"),
        ({"port": 9000}, "the command line says: --host, --port, --device"),
        ({"visualize": False}, "did you mean 'Serving.visualize'?"),
        ({"SubModules.TextDetection.tresh": 0.3}, "'SubModules.TextDetection.tresh'; did you mean 'thresh'?"),
        ({"SubModules.TextDetect": {}}, "did you mean 'TextDetection'?"),
        ({"Serving.extra.max_num_input_img": 3}, "did you mean 'max_num_input_imgs'?"),
        ({"Serving.max_num_input_imgs": 3}, "did you mean 'Serving.extra.max_num_input_imgs'?"),
        ({"workers": 4}, "unknown key 'workers'; allowed: device, "),
        ({"SubModules.TextDetection.limit_type": "mid"}, "'SubModules.TextDetection.limit_type'"),
        ({"SubModules.TextDetection.thresh": 3}, "'SubModules.TextDetection.thresh'"),
        ({"SubModules.TextDetection": REMOVED}, "'SubModules.TextDetection' is missing"),
        ({"SubModules.TextDetection.model_name": None}, "neither 'model_name' nor 'model_dir'"),
        ({"SubModules.TextDetection.model_dir": "/no/such"}, "there is no folder /no/such"),
        ({"use_textline_orientation": True}, "SubModules has no TextLineOrientation"),
        ({"engine": "onnxruntim"}, "engine is 'onnxruntim'; did you mean onnxruntime?"),
        ({"hpi_config": {"backend": "openvinno"}}, "'hpi_config.backend'"),
        ({"device": "cpu:1"}, "device 'cpu:1' is not allowed"),
        (
            {"SubModules.TextDetection.device": "cpu", "SubModules.TextRecognition.device": "gpu"},
            "run on one device here",
        ),
        ({"pipeline_name": "OCRR"}, "no pipeline 'OCRR'. Did you mean OCR?"),
        ({"pipeline_name": REMOVED}, "'pipeline_name' is missing"),
        ({"pipeline_name": REMOVED, "pipelin_name": "OCR"}, "is 'pipelin_name' meant?"),
        ({"modules_info": {}}, "hub serving start -c"),
    ],
    ids=str,
)
def test_a_mistake_is_named_with_the_file(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    message = refused(tmp_path, changes)

    assert said in message
    assert "pipeline.yaml" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: [1,", "is not YAML"), ("- 1", "must hold keys and values"), ("", "is empty")],
)
def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        plan(str(path), PipelineOptions())


def test_a_missing_file_that_is_called_like_a_pipeline_is_told_how_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"No such file.*leave the suffix out: OCR"):
        plan(str(tmp_path / "OCR.yaml"), PipelineOptions())


# -- the other pipelines -------------------------------------------------------------------------------------


def test_another_pipeline_is_the_real_paddlex_s(tmp_path: Path) -> None:
    found = planned(tmp_path, text=CLASSIFIER, use_hpip=True)

    assert (found.pipeline, found.module, found.unsupported) == ("image_classification", BRIDGE, ())
    assert found.init_args == {"pipeline": str(tmp_path / "pipeline.yaml"), "use_hpip": True}
    assert found.routes == ("image-classification",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"serving": {}}, "did you mean 'Serving'?"),
        ({"Serving.visualise": False}, "did you mean 'visualize'?"),
        ({"workers": 4}, "unknown key 'workers'"),
        (
            {"SubModules.ImageClassification.model_dirr": "x"},
            "'SubModules.ImageClassification.model_dirr'; did you mean 'model_dir'?",
        ),
        (
            {"SubPipelines.GeneralOCR.SubModules.TextDetection.unclip_ration": 2},
            "'SubPipelines.GeneralOCR.SubModules.TextDetection.unclip_ration'; did you mean 'unclip_ratio'?",
        ),
    ],
    ids=str,
)
def test_mistakes_in_another_pipeline_s_file_are_named_too(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    assert said in refused(tmp_path, changes, CLASSIFIER)


def test_keys_below_that_only_paddlex_knows_are_left_to_it(tmp_path: Path) -> None:
    found = planned(tmp_path, {"SubModules.ImageClassification.brand_new": 1}, CLASSIFIER, device="gpu:1")

    assert (found.module, str(found.device)) == (BRIDGE, "gpu:1")
