"""The YAML files of PaddleX's 2024 releases, put into the form of PaddleX 3.

    Global:
      pipeline_name: OCR
      input: page.png                      # of a prediction; a server has its requests
    Pipeline:
      text_det_model: PP-OCRv4_mobile_det  # a name, or a folder
      text_rec_model: PP-OCRv4_mobile_rec
      text_rec_batch_size: 6
      device: "gpu:0"

For OCR and the pipelines of one model. PaddleX 3 itself no longer reads this form.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import AliasChoices, Field, ValidationError

from hub.errors import ConfigError
from hub.paddlex import names
from hub.paddlex.folders import find_folder, model_name
from hub.paddlex.ocr_file import Count, Keys
from hub.serving.config import validation

#: Pipelines of one model: what PaddleX 3 calls the model's entry, and its kind.
_ONE_MODEL: Final[Mapping[str, tuple[str, str]]] = {
    "anomaly_detection": ("AnomalyDetection", "anomaly_detection"),
    "image_classification": ("ImageClassification", "image_classification"),
    "image_multilabel_classification": ("ImageMultiLabelClassification", "image_multilabel_classification"),
    "instance_segmentation": ("InstanceSegmentation", "instance_segmentation"),
    "object_detection": ("ObjectDetection", "object_detection"),
    "semantic_segmentation": ("SemanticSegmentation", "semantic_segmentation"),
    "small_object_detection": ("SmallObjectDetection", "small_object_detection"),
    "ts_anomaly_detection": ("TSAnomalyDetection", "ts_anomaly_detection"),
    "ts_classification": ("TSClassification", "ts_classification"),
    "ts_forecast": ("TSForecast", "ts_forecast"),
}
#: What PaddleX then took for PP-OCR's detectors, of code and ``inference.yml``; the files had no keys for it.
_DETECTION: Final = {"limit_side_len": 960, "limit_type": "max", "box_thresh": 0.6, "unclip_ratio": 1.5}


class _Global(Keys):
    pipeline_name: str
    input: Any = None


class _Pipeline(Keys):
    device: str | None = None
    use_hpip: bool | None = Field(None, validation_alias=AliasChoices("use_hpip", "enable_hpi"))
    batch_size: Count | None = None


class _OCR(_Pipeline):
    text_det_model: str = Field(validation_alias=AliasChoices("text_det_model", "det_model"))
    text_rec_model: str = Field(validation_alias=AliasChoices("text_rec_model", "rec_model"))
    text_det_batch_size: Count | None = None
    text_rec_batch_size: Count | None = None


class _OneModel(_Pipeline):
    model: str


class _OCRFile(Keys):
    Global: _Global
    Pipeline: _OCR
    NOTE: Any = None


class _OneModelFile(Keys):
    Global: _Global
    Pipeline: _OneModel
    NOTE: Any = None


def translated(keys: dict[str, Any], path: Path) -> tuple[str, dict[str, Any]]:
    """The pipeline's name, and what the file says in the form of PaddleX 3.

    Raises:
        ConfigError: a key or value is wrong, or the pipeline has several models and is not OCR.
    """
    given = keys["Global"].get("pipeline_name") if isinstance(keys["Global"], dict) else None
    try:
        name = names.known(str(given)) if given is not None else "OCR"
        if name == "OCR":
            ocr = _OCRFile.model_validate(keys).Pipeline
            return name, {"pipeline_name": name, **_execution(ocr), **_ocr_models(ocr, path)}
        if name in _ONE_MODEL:
            one = _OneModelFile.model_validate(keys).Pipeline
            entry, kind = _ONE_MODEL[name]
            model = {"module_name": kind, **_model(one.model, path), **_batch(one.batch_size)}
            if model["model_name"] is None:
                raise ConfigError(
                    f"Pipeline.model: {model['model_dir']} has no inference.yml with Global.model_name, "
                    "which PaddleX writes when it exports a model, and needs to run it"
                )
            return name, {"pipeline_name": name, **_execution(one), "SubModules": {entry: model}}
    except ConfigError as error:
        raise ConfigError(f"pipeline file {path}: {error}") from error
    except ValidationError as error:
        form = _OCRFile if error.title == _OCRFile.__name__ else _OneModelFile
        raise ConfigError(f"pipeline file {path}: {validation.problems(error, form)}") from error
    raise ConfigError(
        f"pipeline file {path} has the form of PaddleX's 2024 releases, which for {name} is not read. "
        f"PaddleX 3 writes the present one: paddlex --get_pipeline_config {name} --save_path ."
    )


def _execution(given: _Pipeline) -> dict[str, Any]:
    said = {"device": given.device, "use_hpip": given.use_hpip}
    return {key: value for key, value in said.items() if value is not None}


def _ocr_models(given: _OCR, path: Path) -> dict[str, Any]:
    detection = {"module_name": "text_detection", **_model(given.text_det_model, path), **_DETECTION}
    recognition = {
        "module_name": "text_recognition",
        **_model(given.text_rec_model, path),
        **_batch(given.text_rec_batch_size or given.batch_size),
    }
    models = {"TextDetection": detection, "TextRecognition": recognition}
    # The pipeline had neither of these then.
    return {"use_doc_preprocessor": False, "use_textline_orientation": False, "SubModules": models}


def _model(given: str, path: Path) -> dict[str, Any]:
    """A folder if there is one of that name, as PaddleX had it; else the name of a model."""
    folder = find_folder(given, path)
    if folder is None:
        return {"model_name": given}
    return {"model_name": model_name(folder), "model_dir": str(folder)}


def _batch(size: int | None) -> dict[str, Any]:
    return {} if size is None else {"batch_size": size}
