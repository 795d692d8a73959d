"""Translates a file of OCR or doc_preprocessor for ``ocr_pipeline``, and names what that module cannot do.

Keys that an OCR file leaves out have the values that PaddleX's code then gives them. These differ from those
in the file that PaddleX ships: 960 pixels at most instead of 64 at least, and boxes that grow by 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from hub import validation
from hub.engines.files import find_model_files
from hub.errors import ConfigError, ModelNotFoundError
from hub.ocr.model_sets import PRESETS
from hub.ocr.params import ORIENTATION
from hub.paddlex import execution, serving_section
from hub.paddlex.device import Device
from hub.paddlex.document import Document
from hub.paddlex.folders import find_folder, places
from hub.paddlex.ocr_file import (
    Execution,
    Model,
    OCRFile,
    Preprocessor,
    PreprocessorFile,
)
from hub.suggestion import closest

if TYPE_CHECKING:
    from hub.engines.base import Engine

#: PaddleX's defaults for keys of TextDetection that an OCR file leaves out.
_DETECTION: Final[Mapping[str, Any]] = {
    "limit_side_len": 960,
    "limit_type": "max",
    "max_side_limit": 4000,
    "thresh": 0.3,
    "box_thresh": 0.6,
    "unclip_ratio": 2.0,
}
#: The pipelines that the module can be.
PIPELINES: Final = ("OCR", "doc_preprocessor")
PREPROCESSOR: Final = PIPELINES[1]
#: Models, by their paths in an OCR file, and the pipeline within it.
_DETECTOR, _RECOGNIZER, _CLASSIFIER = (
    f"SubModules.{entry}" for entry in ("TextDetection", "TextRecognition", "TextLineOrientation")
)
_PART: Final = "SubPipelines.DocPreprocessor."
#: Keys of TextRecognition that the module takes.
_RECOGNITION: Final = ("score_thresh", "batch_size", "return_word_box")
#: So alike that a letter was slipped: PP-OCRv5 for PP-OCRv4 is not a slip.
_SLIP: Final = 0.96
#: The catalogue's weights for each model.
_CATALOGUE: Final[Mapping[str, tuple[str, ...]]] = {
    "TextDetection": tuple(each["det_model_dir"] for each in PRESETS.values()),
    "TextRecognition": tuple(each["rec_model_dir"] for each in PRESETS.values()),
    "TextLineOrientation": ("ch_ppocr_mobile_v2.0_cls",),
    "DocOrientationClassify": (ORIENTATION,),
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
        notes: what else is to be said at the start.
    """

    init_args: dict[str, Any] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    device: Device | None = None
    unsupported: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def translate(document: Document, options: Mapping[str, Any]) -> Translation:
    """Translate a file of one of ``PIPELINES``; ``options`` take the place of keys at its top.

    Raises:
        ConfigError: an unknown key, a value that is not allowed, or a folder that is not there.
    """
    form = PreprocessorFile if document.pipeline == PREPROCESSOR else OCRFile
    try:
        file = form.model_validate({**document.keys, **options})
        return _preprocessor(file, document) if isinstance(file, PreprocessorFile) else _ocr(file, document)
    except (ConfigError, ValidationError) as error:
        source = f"pipeline file {document.path}"
        if isinstance(error, ConfigError):
            raise ConfigError(f"{source}: {error}") from error
        raise ConfigError(validation.told(error, form, source, document.keys)) from error


def preprocessor_by_name(engine: Engine) -> Translation:
    """Return what the name doc_preprocessor means without a file: its step that has a model here."""
    return Translation(
        init_args={"pipeline": PREPROCESSOR, "engine": engine},
        weights=(ORIENTATION,),
        notes=(
            "pages are turned, not flattened; the real PaddleX serves a file with use_doc_unwarping: True",
        ),
    )


def _ocr(file: OCRFile, document: Document) -> Translation:
    models = _used_models(file)
    args = {path: _model_args(path, model, document) for path, model in models.items()}
    init_args = {
        "text_detection": {**_DETECTION, **args[_DETECTOR]},
        "text_recognition": args[_RECOGNIZER],
        "use_textline_orientation": _CLASSIFIER in models,
    }
    if _CLASSIFIER in models:
        init_args["textline_orientation"] = args[_CLASSIFIER]
    levels: dict[str, Execution] = dict(models)
    part = _preprocessing(file)
    if part is not None and (pages := _page_model(part, _PART)):
        levels |= {_PART.rstrip("."): part, **pages}
        init_args |= _page_args(pages, document)
    unsupported = (*_unwarping(part, _PART), *_unsupported(file, models))
    return _translation(file, levels, init_args, unsupported)


def _preprocessor(file: PreprocessorFile, document: Document) -> Translation:
    pages = _page_model(file)
    init_args = {"pipeline": PREPROCESSOR, **_page_args(pages, document)}
    return _translation(file, pages, init_args, tuple(_unwarping(file)))


def _translation(
    file: OCRFile | PreprocessorFile,
    within: Mapping[str, Execution],
    init_args: Mapping[str, Any],
    unsupported: Sequence[str],
) -> Translation:
    """Put together what both pipelines have; ``within`` are the models, and pipelines, by their paths."""
    levels: dict[str, Execution] = {"": file, **{f"{path}.": each for path, each in within.items()}}
    engine, reasons = execution.common_engine(levels)
    models = {path: each for path, each in within.items() if isinstance(each, Model)}
    named = {path: model.model_name or "" for path, model in models.items() if model.model_dir is None}
    return Translation(
        init_args={**init_args, "engine": engine, **serving_section.init_args(file)},
        weights=tuple(name for path, name in named.items() if name in _CATALOGUE[_entry(path)]),
        device=execution.common_device(levels),
        unsupported=(*_without_weights(named), *reasons, *unsupported, *serving_section.unsupported(file)),
        ignored=tuple(_ignored(file, models, levels)),
    )


def _used_models(file: OCRFile) -> dict[str, Model]:
    """Return the models of the steps that are switched on; without a switch, those that are described."""
    models: dict[str, Model] = {
        _DETECTOR: file.SubModules.TextDetection,
        _RECOGNIZER: file.SubModules.TextRecognition,
    }
    orientation, switch = file.SubModules.TextLineOrientation, file.use_textline_orientation
    if switch and orientation is None:
        raise ConfigError("use_textline_orientation is true, but SubModules has no TextLineOrientation")
    if orientation is not None and switch is not False:
        models[_CLASSIFIER] = orientation
    return models


def _preprocessing(file: OCRFile) -> Preprocessor | None:
    """Return the pipeline before OCR where it is switched on; without a switch, where it is described."""
    part = file.SubPipelines.DocPreprocessor if file.SubPipelines else None
    wanted = part is not None if file.use_doc_preprocessor is None else file.use_doc_preprocessor
    return (part or Preprocessor()) if wanted else None


def _page_model(part: Preprocessor, path: str = "") -> dict[str, Model]:
    """Return the model that tells which way up a page is, by its path; none where the step is off."""
    if not part.use_doc_orientation_classify:
        return {}
    described = part.SubModules.DocOrientationClassify or Model(model_name=ORIENTATION)
    return {f"{path}SubModules.DocOrientationClassify": described}


def _page_args(pages: Mapping[str, Model], document: Document) -> dict[str, Any]:
    args: dict[str, Any] = {"use_doc_orientation_classify": bool(pages)}
    for path, model in pages.items():
        args["doc_orientation_classify"] = {"model_dir": _model_args(path, model, document)["model_dir"]}
    return args


def _unwarping(part: Preprocessor | None, path: str = "") -> Iterator[str]:
    if part is not None and part.use_doc_unwarping:
        yield f"{path}use_doc_unwarping: pages are turned upright, not flattened"


def _model_args(path: str, model: Model, document: Document) -> dict[str, Any]:
    """Return what the module takes of a model: where it is, and its keys."""
    keys = {_DETECTOR: tuple(_DETECTION), _RECOGNIZER: _RECOGNITION}.get(path, ("batch_size",))
    args = {key: getattr(model, key) for key in keys if getattr(model, key) is not None}
    if model.model_dir is not None:
        return {"model_dir": _folder(path, model.model_dir, document), **args}
    if model.model_name is None:
        raise ConfigError(f"{path} has neither 'model_name' nor 'model_dir'")
    return {"model_dir": model.model_name, **args}


def _entry(path: str) -> str:
    return path.rpartition(".")[2]


def _without_weights(named: Mapping[str, str]) -> Iterator[str]:
    for path, name in named.items():
        known = _CATALOGUE[_entry(path)]
        if name not in known:
            meant = closest(name, known, cutoff=_SLIP)
            hint = f" (is {meant} meant?)" if meant else ""
            yield (
                f"{path}: HubServing has no weights of {name}{hint}; it has "
                f"{', '.join(known)}, and takes others from the folder in 'model_dir'"
            )


def _folder(path: str, given: str, document: Document) -> str:
    folder = find_folder(given, document.path)
    if folder is None:
        where = " and ".join(map(str, places(given, document.path)))
        raise ConfigError(f"{path}: there is no folder {given}; looked for {where}")
    try:
        find_model_files(folder)
    except ModelNotFoundError as error:
        raise ConfigError(f"{path}: {error}") from error
    return str(folder)


def _unsupported(file: OCRFile, models: Mapping[str, Model]) -> Iterator[str]:
    if file.text_type == "seal":
        yield "text_type is seal"
    for path, model in models.items():
        name = model.model_name or ""
        if "seal" in name:
            yield f"{path} is {name}, which finds text on seals"
        if path == _CLASSIFIER and model.model_dir and "textline_ori" in name:
            yield f"{path} is {name}, another kind of model"
        if getattr(model, "input_shape", None):
            yield f"{path}.input_shape fixes the size of the model's input"


def _ignored(
    file: OCRFile | PreprocessorFile, models: Mapping[str, Model], levels: Mapping[str, Execution]
) -> Iterator[str]:
    for where, level in levels.items():
        if isinstance(level, (OCRFile, Preprocessor)) and level.batch_size:
            yield f"{where}batch_size"
    for path, model in models.items():
        if _entry(path) in ("TextDetection", "DocOrientationClassify") and model.batch_size:
            yield f"{path}.batch_size"
        if model.genai_config:
            yield f"{path}.genai_config"
    yield from execution.ignored_keys(levels)
    yield from serving_section.ignored_keys(file)
