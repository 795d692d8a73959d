"""Translates an OCR pipeline's file for the module ``ocr_pipeline``, and names what that cannot do.

Keys that a file leaves out have the values that PaddleX's code then gives them. These differ from the file
that PaddleX ships: 960 pixels at most instead of 64 at least, and boxes that grow by 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from hub.engines.files import find_model_files
from hub.errors import ConfigError, ModelNotFoundError
from hub.ocr.model_sets import PRESETS
from hub.paddlex import execution
from hub.paddlex.device import Device
from hub.paddlex.document import Document
from hub.paddlex.folders import find_folder, places
from hub.paddlex.ocr_file import Execution, Model, OCRFile, ServingExtra, ServingSection
from hub.serving.config import validation
from hub.suggestion import closest

#: PaddleX's defaults for keys of TextDetection that an OCR file leaves out.
_DETECTION: Final[Mapping[str, Any]] = {
    "limit_side_len": 960,
    "limit_type": "max",
    "max_side_limit": 4000,
    "thresh": 0.3,
    "box_thresh": 0.6,
    "unclip_ratio": 2.0,
}
#: Keys of TextRecognition that the module takes.
_RECOGNITION: Final = ("score_thresh", "batch_size", "return_word_box")
#: So alike that a letter was slipped: PP-OCRv5 for PP-OCRv4 is not a slip.
_SLIP: Final = 0.96
#: The largest picture in a reply, where the file sets no limit.
_LARGEST_JPEG: Final = (65500, 65500)
#: The catalogue's weights for each model.
_CATALOGUE: Final[Mapping[str, tuple[str, ...]]] = {
    "TextDetection": tuple(each["det_model_dir"] for each in PRESETS.values()),
    "TextRecognition": tuple(each["rec_model_dir"] for each in PRESETS.values()),
    "TextLineOrientation": ("ch_ppocr_mobile_v2.0_cls",),
}


@dataclass(frozen=True, kw_only=True)
class Translation:
    """The start of a module: with what, and where.

    Attributes:
        init_args: its keyword arguments.
        weights: names of the catalogue that it needs besides those that it declares.
        device: where it runs; None where neither file nor command line say.
        unsupported: what is asked for and ``ocr_pipeline`` does not do; with any of it, PaddleX must serve.
        ignored: keys of the file that are accepted and have no effect.
    """

    init_args: dict[str, Any] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    device: Device | None = None
    unsupported: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def translate(document: Document, options: Mapping[str, Any]) -> Translation:
    """Translate an OCR pipeline's file; ``options`` take the place of keys at its top.

    Raises:
        ConfigError: an unknown key, a value that is not allowed, or a folder that is not there.
    """
    try:
        return _translation(OCRFile.model_validate({**document.keys, **options}), document)
    except (ConfigError, ValidationError) as error:
        source = f"pipeline file {document.path}"
        if isinstance(error, ConfigError):
            raise ConfigError(f"{source}: {error}") from error
        raise ConfigError(validation.told(error, OCRFile, source, document.keys)) from error


def _translation(file: OCRFile, document: Document) -> Translation:
    models = _used_models(file)
    args = {entry: _model_args(entry, model, document) for entry, model in models.items()}
    levels: dict[str, Execution] = {"": file}
    levels |= {f"SubModules.{entry}.": model for entry, model in models.items()}
    engine, reasons = execution.common_engine(levels)
    init_args = {
        "text_detection": {**_DETECTION, **args["TextDetection"]},
        "text_recognition": args["TextRecognition"],
        "use_textline_orientation": "TextLineOrientation" in models,
        "engine": engine,
        **_serving_args(file),
    }
    if "TextLineOrientation" in models:
        init_args["textline_orientation"] = args["TextLineOrientation"]
    named = {entry: model.model_name or "" for entry, model in models.items() if model.model_dir is None}
    return Translation(
        init_args=init_args,
        weights=tuple(name for entry, name in named.items() if name in _CATALOGUE[entry]),
        device=execution.common_device(levels),
        unsupported=(*_without_weights(named), *reasons, *_unsupported(file, models)),
        ignored=tuple(_ignored(file, models, levels)),
    )


def _used_models(file: OCRFile) -> dict[str, Model]:
    """Return the models of the steps that are switched on; without a switch, those that are described."""
    models: dict[str, Model] = {
        "TextDetection": file.SubModules.TextDetection,
        "TextRecognition": file.SubModules.TextRecognition,
    }
    orientation, switch = file.SubModules.TextLineOrientation, file.use_textline_orientation
    if switch and orientation is None:
        raise ConfigError("use_textline_orientation is true, but SubModules has no TextLineOrientation")
    if orientation is not None and switch is not False:
        models["TextLineOrientation"] = orientation
    return models


def _model_args(entry: str, model: Model, document: Document) -> dict[str, Any]:
    """Return what the module takes of a model: where it is, and its keys."""
    keys = {"TextDetection": tuple(_DETECTION), "TextRecognition": _RECOGNITION}.get(entry, ("batch_size",))
    args = {key: getattr(model, key) for key in keys if getattr(model, key) is not None}
    if model.model_dir is not None:
        return {"model_dir": _folder(entry, model.model_dir, document), **args}
    if model.model_name is None:
        raise ConfigError(f"SubModules.{entry} has neither 'model_name' nor 'model_dir'")
    return {"model_dir": model.model_name, **args}


def _without_weights(named: Mapping[str, str]) -> Iterator[str]:
    for entry, name in named.items():
        if name not in _CATALOGUE[entry]:
            meant = closest(name, _CATALOGUE[entry], cutoff=_SLIP)
            hint = f" (is {meant} meant?)" if meant else ""
            yield (
                f"SubModules.{entry}: HubServing has no weights of {name}{hint}; it has "
                f"{', '.join(_CATALOGUE[entry])}, and takes others from the folder in 'model_dir'"
            )


def _folder(entry: str, given: str, document: Document) -> str:
    folder = find_folder(given, document.path)
    if folder is None:
        where = " and ".join(map(str, places(given, document.path)))
        raise ConfigError(f"SubModules.{entry}: there is no folder {given}; looked for {where}")
    try:
        find_model_files(folder)
    except ModelNotFoundError as error:
        raise ConfigError(f"SubModules.{entry}: {error}") from error
    return str(folder)


def _serving_args(file: OCRFile) -> dict[str, Any]:
    if file.Serving is None:
        return {}
    section, extra = _serving(file)
    args: dict[str, Any] = {"visualize": section.visualize}
    if "max_num_input_imgs" in extra.model_fields_set:
        args["max_num_input_imgs"] = extra.max_num_input_imgs
    if "max_output_img_size" in extra.model_fields_set:
        args["max_output_img_size"] = list(extra.max_output_img_size or _LARGEST_JPEG)
    return args


def _unsupported(file: OCRFile, models: Mapping[str, Model]) -> Iterator[str]:
    if file.text_type == "seal":
        yield "text_type is seal"
    if _preprocesses(file):
        yield "use_doc_preprocessor: pages are neither turned nor flattened before they are read"
    for entry, model in models.items():
        name = model.model_name or ""
        if "seal" in name:
            yield f"SubModules.{entry} is {name}, which finds text on seals"
        if entry == "TextLineOrientation" and model.model_dir and "textline_ori" in name:
            yield f"SubModules.{entry} is {name}, another kind of model"
        if getattr(model, "input_shape", None):
            yield f"SubModules.{entry}.input_shape fixes the size of the model's input"
    serving, extra = _serving(file)
    if serving.return_urls or extra.return_img_urls:
        yield "Serving.return_urls: pictures come in the reply"
    storage = (extra.file_storage or {}).get("type", "memory")
    if storage != "memory":
        yield f"Serving.extra.file_storage is {storage}: pictures are kept nowhere"


def _preprocesses(file: OCRFile) -> bool:
    part = file.SubPipelines.DocPreprocessor if file.SubPipelines else None
    wanted = part is not None if file.use_doc_preprocessor is None else file.use_doc_preprocessor
    steps = ("use_doc_orientation_classify", "use_doc_unwarping")
    return wanted and (part is None or any(part.get(step, True) for step in steps))


def _serving(file: OCRFile) -> tuple[ServingSection, ServingExtra]:
    section = file.Serving or ServingSection()
    return section, section.extra or ServingExtra()


def _ignored(file: OCRFile, models: Mapping[str, Model], levels: Mapping[str, Execution]) -> Iterator[str]:
    if file.batch_size:
        yield "batch_size"
    for entry, model in models.items():
        if entry == "TextDetection" and model.batch_size:
            yield f"SubModules.{entry}.batch_size"
        if model.genai_config:
            yield f"SubModules.{entry}.genai_config"
    yield from execution.ignored_keys(levels)
    for key in ("file_storage", "index_storage", "url_expires_in"):
        if key in _serving(file)[1].model_fields_set:
            yield f"Serving.extra.{key}"
