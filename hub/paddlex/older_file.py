"""The YAML files of PaddleX's 2024 releases, put into the form of PaddleX 3.

    Global:
      pipeline_name: OCR
      input: page.png                      # for a prediction; a server has its requests
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
from typing import Any, Final, Generic, TypeVar

from pydantic import AliasChoices, Field, ValidationError

from hub import validation
from hub.engines.description import description
from hub.errors import ConfigError
from hub.paddlex import names
from hub.paddlex.folders import find_folder
from hub.paddlex.ocr_file import Count, Keys

#: PaddleX's defaults of that time for PP-OCR's detectors; the files had no keys for them.
_DETECTION: Final = {"limit_side_len": 960, "limit_type": "max", "box_thresh": 0.6, "unclip_ratio": 1.5}
#: Keys that PaddleX 3 insists on and those files did not have, by the model's entry, with the values of its
#: own files.
_INSISTED: Final[Mapping[str, Mapping[str, Any]]] = {
    "SemanticSegmentation": {"target_size": None},
    "SmallObjectDetection": {"threshold": 0.5},
    "InstanceSegmentation": {"threshold": 0.5},
    "ImageMultiLabelClassification": {"batch_size": 1},
}


P = TypeVar("P", bound="_Pipeline")


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


class _File(Keys, Generic[P]):
    Global: _Global
    Pipeline: P
    NOTE: Any = None


def translated(keys: dict[str, Any], path: Path) -> tuple[str, dict[str, Any]]:
    """Return the pipeline's name and its keys in the form of PaddleX 3.

    Raises:
        ConfigError: a key or value is wrong, or the pipeline has several models and is not OCR.
    """
    given = keys["Global"].get("pipeline_name") if isinstance(keys["Global"], dict) else None
    form: type[_File[_OCR] | _File[_OneModel]] = _File[_OCR]
    try:
        name = names.known(str(given)) if given is not None else "OCR"
        form = _File[_OCR] if name == "OCR" else _File[_OneModel]
        if name != "OCR" and not names.PIPELINES[name].only_model:
            raise ConfigError(
                f"it has the form of PaddleX's 2024 releases, which is read for OCR and for single models. "
                f"PaddleX 3 writes today's form: paddlex --get_pipeline_config {name} --save_path ."
            )
        pipeline = form.model_validate(keys).Pipeline
        said = {"device": pipeline.device, "use_hpip": pipeline.use_hpip}
        execution = {key: value for key, value in said.items() if value is not None}
        models = _models(name, pipeline, path)
    except (ConfigError, ValidationError) as error:
        if isinstance(error, ConfigError):
            raise ConfigError(f"pipeline file {path}: {error}") from error
        raise ConfigError(validation.told(error, form, f"pipeline file {path}", keys)) from error
    return name, {"pipeline_name": name, **execution, **models}


def _models(name: str, given: _OCR | _OneModel, path: Path) -> dict[str, Any]:
    if isinstance(given, _OCR):
        size = given.text_rec_batch_size or given.batch_size
        models = {
            "TextDetection": {**_model("text_detection", given.text_det_model, path), **_DETECTION},
            "TextRecognition": _model("text_recognition", given.text_rec_model, path, size),
        }
        # The pipeline had neither of these then.
        return {"use_doc_preprocessor": False, "use_textline_orientation": False, "SubModules": models}
    model = _model(name, given.model, path, given.batch_size)
    if not model["model_name"]:
        raise ConfigError(
            f"Pipeline.model: {model['model_dir']} has no inference.yml with Global.model_name, "
            "which PaddleX writes when it exports a model, and needs to run it"
        )
    entry = names.PIPELINES[name].only_model
    return {"SubModules": {entry: {**_INSISTED.get(entry, {}), **model}}}


def _model(kind: str, given: str, path: Path, batch_size: int | None = None) -> dict[str, Any]:
    """Return a model's entry: a folder if there is one of that name, as in PaddleX; else a known name."""
    folder = find_folder(given, path)
    model: dict[str, Any] = {"module_name": kind, "model_name": given}
    if folder is not None:
        model |= {"model_name": description(folder).name or None, "model_dir": str(folder)}
    return model if batch_size is None else {**model, "batch_size": batch_size}
