"""What an OCR pipeline's file means for the module ``ocr_pipeline``, and what that module cannot do.

Keys that a file leaves out have the values that PaddleX's code gives them then, which are not those of the
file that comes with PaddleX: 960 pixels at most instead of 64 at least, and boxes that grow by 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from hub.engines.files import find_model_files
from hub.errors import ConfigError, ModelNotFoundError
from hub.paddlex.document import Document
from hub.paddlex.execution import Choice, chosen
from hub.paddlex.folders import places
from hub.paddlex.ocr_file import Detection, Model, OCRFile, Recognition, ServingExtra, ServingSection
from hub.serving.config import validation
from hub.suggestion import closest

#: What PaddleX's OCR pipeline takes for keys of TextDetection that its file leaves out.
_DETECTION: Final[Mapping[str, Any]] = {
    "limit_side_len": 960,
    "limit_type": "max",
    "max_side_limit": 4000,
    "thresh": 0.3,
    "box_thresh": 0.6,
    "unclip_ratio": 2.0,
}
#: So alike that a letter was slipped: PP-OCRv5 for PP-OCRv4 is no slip.
_SLIP: Final = 0.96
#: What a picture in the reply can be at most, where the file sets no limit.
_LARGEST_JPEG: Final = (65500, 65500)
#: Where the catalogue's weights can stand.
_CATALOGUE: Final[Mapping[str, tuple[str, ...]]] = {
    "TextDetection": ("PP-OCRv4_mobile_det", "PP-OCRv6_small_det"),
    "TextRecognition": ("PP-OCRv4_mobile_rec", "PP-OCRv6_small_rec"),
    "TextLineOrientation": ("ch_ppocr_mobile_v2.0_cls",),
}


@dataclass(frozen=True)
class Native:
    """An OCR pipeline as ``ocr_pipeline`` would serve it.

    Attributes:
        init_args: what the module is initialised with.
        weights: names of the catalogue that it needs.
        device: as the file says it; None where it does not.
        cannot: what the file asks for and the module does not do; with any of it, it must not be served so.
        idle: keys that are accepted and have no effect.
    """

    init_args: dict[str, Any]
    weights: tuple[str, ...]
    device: str | None
    cannot: tuple[str, ...]
    idle: tuple[str, ...]


def native(document: Document, asked: Mapping[str, Any]) -> Native:
    """Translate an OCR pipeline's file; the keys ``asked`` for stand above those at its top.

    Raises:
        ConfigError: an unknown key, a value that is not allowed, or a folder that is not there.
    """
    source = f"pipeline file {document.path}"
    try:
        file = OCRFile.model_validate({**document.keys, **asked})
    except ValidationError as error:
        raise ConfigError(f"{source}: {validation.problems(error, OCRFile)}") from error
    try:
        return _translated(file, document)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from error


def _translated(file: OCRFile, document: Document) -> Native:
    models = _Models(document)
    text_line = file.SubModules.TextLineOrientation
    # Without the switch PaddleX means yes, and fails where no model for it is named.
    turns = text_line is not None if file.use_textline_orientation is None else file.use_textline_orientation
    if turns and text_line is None:
        raise ConfigError("use_textline_orientation is true, but SubModules has no TextLineOrientation")
    detection, recognition = file.SubModules.TextDetection, file.SubModules.TextRecognition
    used: dict[str, Model] = {"TextDetection": detection, "TextRecognition": recognition}
    init_args: dict[str, Any] = {
        "text_detection": {**models.place("TextDetection", detection), **_detection(detection)},
        "text_recognition": {**models.place("TextRecognition", recognition), **_recognition(recognition)},
        "use_textline_orientation": turns,
    }
    if turns and text_line is not None:
        used["TextLineOrientation"] = text_line
        place = models.place("TextLineOrientation", text_line)
        init_args["textline_orientation"] = {**place, **_given(text_line, "batch_size")}
    choice = chosen(file, used)
    init_args |= {"engine": choice.engine, **_serving(file.Serving)}
    cannot = (*models.cannot, *choice.cannot, *_cannot(file, used))
    return Native(init_args, tuple(models.weights), choice.device, cannot, tuple(_idle(file, used, choice)))


class _Models:
    """Where each model lies, and what is found out on the way."""

    def __init__(self, document: Document) -> None:
        self.weights: list[str] = []
        self.cannot: list[str] = []
        self._file = document.path

    def place(self, entry: str, model: Model) -> dict[str, Any]:
        """``model_dir`` for the module: a folder's absolute path, or a name of the catalogue."""
        if model.model_dir is not None:
            return {"model_dir": self._folder(entry, model.model_dir)}
        if model.model_name is None:
            raise ConfigError(f"SubModules.{entry} has neither 'model_name' nor 'model_dir'")
        if model.model_name in _CATALOGUE[entry]:
            self.weights.append(model.model_name)
            return {"model_dir": model.model_name}
        meant = closest(model.model_name, _CATALOGUE[entry], cutoff=_SLIP)
        self.cannot.append(
            f"SubModules.{entry}: HubServing has no weights of {model.model_name}"
            + (f" (is {meant} meant?)" if meant else "")
            + f"; it has {' and '.join(_CATALOGUE[entry])}, and takes others from the folder in 'model_dir'"
        )
        return {}

    def _folder(self, entry: str, given: str) -> str:
        looked = places(given, self._file)
        folder = next((place for place in looked if place.is_dir()), None)
        if folder is None:
            where = " and ".join(map(str, looked))
            raise ConfigError(f"SubModules.{entry}: there is no folder {given}; looked for {where}")
        try:
            find_model_files(folder)
        except ModelNotFoundError as error:
            raise ConfigError(f"SubModules.{entry}: {error}") from error
        return str(folder)


def _detection(given: Detection) -> dict[str, Any]:
    return {**_DETECTION, **_given(given, *_DETECTION)}


def _recognition(given: Recognition) -> dict[str, Any]:
    return _given(given, "score_thresh", "batch_size", "return_word_box")


def _given(model: Model, *keys: str) -> dict[str, Any]:
    said = {key: getattr(model, key) for key in keys}
    return {key: value for key, value in said.items() if value is not None}


def _serving(section: ServingSection | None) -> dict[str, Any]:
    if section is None:
        return {}
    args: dict[str, Any] = {"visualize": section.visualize}
    extra = section.extra or ServingExtra()
    if "max_num_input_imgs" in extra.model_fields_set:
        args["max_num_input_imgs"] = extra.max_num_input_imgs
    if "max_output_img_size" in extra.model_fields_set:
        args["max_output_img_size"] = list(extra.max_output_img_size or _LARGEST_JPEG)
    return args


def _cannot(file: OCRFile, used: Mapping[str, Model]) -> Iterator[str]:
    if file.text_type == "seal":
        yield "text_type is seal"
    yield from _preprocessing(file)
    orientation = used.get("TextLineOrientation")
    if orientation and orientation.model_dir and "textline_ori" in (orientation.model_name or ""):
        yield f"SubModules.TextLineOrientation is {orientation.model_name}, another kind of model"
    for entry, model in used.items():
        if "seal" in (model.model_name or ""):
            yield f"SubModules.{entry} is {model.model_name}, which finds text on seals"
        if getattr(model, "input_shape", None):
            yield f"SubModules.{entry}.input_shape fixes the size of the model's input"
    extra = file.Serving.extra if file.Serving else None
    if (file.Serving and file.Serving.return_urls) or (extra and extra.return_img_urls):
        yield "Serving.return_urls: pictures come in the reply"
    if extra and extra.file_storage and extra.file_storage.type != "memory":
        yield f"Serving.extra.file_storage is {extra.file_storage.type}: pictures are kept nowhere"


def _preprocessing(file: OCRFile) -> Iterator[str]:
    part = file.SubPipelines.DocPreprocessor if file.SubPipelines else None
    wanted = part is not None if file.use_doc_preprocessor is None else file.use_doc_preprocessor
    if wanted and (part is None or part.use_doc_orientation_classify or part.use_doc_unwarping):
        yield "use_doc_preprocessor: pages are neither turned nor flattened before they are read"


def _idle(file: OCRFile, used: Mapping[str, Model], choice: Choice) -> Iterator[str]:
    if file.batch_size:
        yield "batch_size"
    for entry, model in used.items():
        if entry == "TextDetection" and model.batch_size:
            yield f"SubModules.{entry}.batch_size"
        if model.genai_config:
            yield f"SubModules.{entry}.genai_config"
    yield from choice.idle
    extra = file.Serving.extra if file.Serving else None
    if extra is not None:
        for key in ("file_storage", "index_storage", "url_expires_in"):
            if key in extra.model_fields_set and (key != "file_storage" or _is_memory(extra)):
                yield f"Serving.extra.{key}"


def _is_memory(extra: ServingExtra) -> bool:
    return extra.file_storage is not None and extra.file_storage.type == "memory"
