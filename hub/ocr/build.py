"""From a module's params.py and init_args to loaded, warm OCR objects.

The only place that knows params.py's object as well as the classes. The place of a model is the
registry's business: callers pass ``find``, usually ``hub.model_path`` for the module's folder.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Unpack

from hub.engines.available import obstacle
from hub.engines.base import (
    CENTERED,
    Engine,
    EngineOptions,
    LoadedModel,
    Normalize,
    Precision,
    can_read,
    load,
    present_precision,
)
from hub.engines.description import description
from hub.engines.files import find_model_files
from hub.errors import ConfigError, ModelNotFoundError
from hub.ocr.classifier import Classifier
from hub.ocr.ctc import characters_inside, read_characters
from hub.ocr.detector import Detector
from hub.ocr.loaded import Loaded
from hub.ocr.model_rules import detector_rules, recognizer_rules
from hub.ocr.names import check_names
from hub.ocr.orientation import IMAGENET, Orientation
from hub.ocr.params import (
    DICTIONARY,
    ClassifierParams,
    DetectorParams,
    OrientationParams,
    PipelineParams,
    RecognizerParams,
)
from hub.ocr.pipeline import Pipeline
from hub.ocr.presets import Find
from hub.ocr.recognizer import Recognizer
from hub.ocr.rules import PADDLEOCR, Rules

#: Kernels that the detector keeps, of some 43 for each size of input: 30 sizes, with 5 to 6 MB each.
#: Preparing a size anew takes as long as computing it.
_DETECTOR_KERNELS: Final = 1300
#: The recogniser's, some 22 for each width, which take some 2.5 MB.
_RECOGNIZER_KERNELS: Final = 1000
#: Of parity mode, where nearly every page brings widths of its own.
_PARITY_KERNELS: Final = 1300
#: Classifiers in Paddle's format, and the same for ONNX Runtime.
_ON_CARDS: Final = {"ch_ppocr_mobile_v2.0_cls": "ch_ppocr_mobile_v2.0_cls_onnx"}


def engine_options(
    *, use_gpu: bool, enable_mkldnn: bool | None, engine: Engine, precision: Precision, parity: bool
) -> EngineOptions:
    """Translate the modules' init_args, two of them PaddleOCR's, to those of the engines.

    ``enable_mkldnn`` None means on: on Paddle 3 it gives the same boxes and text as off, about
    seven times faster. With ``parity``, precision ``auto`` is f32.
    """
    precision = present_precision(precision)
    return {
        "engine": engine,
        "precision": "f32" if parity and precision == "auto" else precision,
        "device": "gpu" if use_gpu else "cpu",
        "onednn": enable_mkldnn is not False,
    }


def build_detector(
    config: object, find: Find, *, parity: bool = True, **options: Unpack[EngineOptions]
) -> Detector:
    """Load and warm the detector that ``read_params()`` describes.

    ``parity`` means PaddleOCR's rules; a module that does not give it was written when there were no others.

    Raises:
        ConfigError: a field of params.py is wrong.
        EngineError: the model is missing or cannot be loaded; the same for the functions below.
    """
    return _detector(config, find, parity=parity, **options).warm()


def _detector(
    config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]
) -> Loaded[Detector]:
    check_names(config)
    name = DetectorParams.read(config).det_model_dir
    folder = find(name)
    params = DetectorParams.read(config, detector_rules(name, folder, parity=parity))
    options.setdefault("kernels", _DETECTOR_KERNELS)
    normalize = Normalize(params.det_mean, params.det_std)
    model = load(folder, normalize=normalize, wide=True, single=True, **options)
    detector = Detector(model, params, _rules(config, parity))
    return Loaded(detector, "text detection", name, options.get("device", "cpu"))


def build_classifier(config: object, find: Find, **options: Unpack[EngineOptions]) -> Classifier:
    """Load and warm the angle classifier that ``read_params()`` describes."""
    return _classifier(config, find, **options).warm()


def _classifier(config: object, find: Find, **options: Unpack[EngineOptions]) -> Loaded[Classifier]:
    check_names(config)
    params = ClassifierParams.read(config)
    name = params.cls_model_dir
    if name in _ON_CARDS and options.get("device") == "gpu" and _runs_by_onnx_alone():
        name = _ON_CARDS[str(name)]
    folder = find(name)
    _refuse_other_classifiers(folder)
    model = load(folder, normalize=CENTERED, padded=True, top1=True, **options)
    return Loaded(Classifier(model, params), "text line orientation", name, options.get("device", "cpu"))


def build_orientation(config: object, find: Find, **options: Unpack[EngineOptions]) -> Orientation:
    """Load and warm the classifier of pages that ``read_params()`` describes.

    It is one small step before the others: where their engine or card cannot run it, the CPU does.
    """
    return _orientation(config, find, **options).warm()


def _orientation(config: object, find: Find, **options: Unpack[EngineOptions]) -> Loaded[Orientation]:
    check_names(config)
    params = OrientationParams.read(config)
    name = params.page_orientation_model_dir
    folder = find(name)
    if obstacle(find_model_files(folder).kind, options.get("engine", "auto"), options.get("device", "cpu")):
        options |= {"engine": "auto", "device": "cpu"}
    # Sure pages have 0.925, as it was trained: bf16 might cross the threshold of 0.9.
    options["precision"] = "f32"
    model = load(folder, normalize=IMAGENET, top1=True, single=True, **options)
    return Loaded(Orientation(model, params), "page orientation", name, options.get("device", "cpu"))


def _refuse_other_classifiers(folder: Path) -> None:
    """Refuse PaddleX's PP-LCNet classifiers, which take lines prepared in another way."""
    name = description(folder).name
    if name.startswith("PP-LCNet"):
        raise ConfigError(
            f"{folder} is {name}, which is not read here: leave cls_model_dir out (in a pipeline file "
            "TextLineOrientation.model_dir) for ch_ppocr_mobile_v2.0_cls, or switch use_angle_cls "
            "(use_textline_orientation) off"
        )


def _runs_by_onnx_alone() -> bool:
    """Tell whether ONNX Runtime has CUDA here, and Paddle has not."""
    return not obstacle("onnx", device="gpu") and bool(obstacle("pdmodel", device="gpu"))


def build_recognizer(
    config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]
) -> Recognizer:
    """Load and warm the recogniser that ``read_params()`` describes.

    The dictionary is looked for as a path, then beside the model; None means inside it. Where params.py says
    nothing, it is inside or, by PaddleOCR's name for it, beside the model.
    """
    return _recognizer(config, find, parity=parity, **options).warm()


def _recognizer(
    config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]
) -> Loaded[Recognizer]:
    check_names(config)
    name = RecognizerParams.read(config).rec_model_dir
    folder = find(name)
    params = RecognizerParams.read(config, recognizer_rules(folder))
    options.setdefault("kernels", _PARITY_KERNELS if parity else _RECOGNIZER_KERNELS)
    path = _dictionary(params, folder, find)
    model = load(folder, normalize=CENTERED, padded=True, top1=True, **options)
    characters, path = _characters(model, params, folder, path)
    recognizer = Recognizer(
        model,
        characters,
        params,
        parity=parity,
        right_to_left=_right_to_left(path) if _rules(config, parity).right_to_left == "dictionary" else None,
    )
    return Loaded(recognizer, "text recognition", name, options.get("device", "cpu"))


def build_pipeline(config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]) -> Pipeline:
    """Load and warm detector, recogniser and, with ``use_angle_cls`` and ``page_orientation``, classifiers.

    A classifier that the chosen engine cannot read, as PP-OCRv6 brings none of its own, is given to another.
    """
    params = PipelineParams.read(config)
    with ThreadPoolExecutor(4, "load") as side_by_side:  # half of a load is on one core
        detector = side_by_side.submit(_detector, config, find, parity=parity, **options)
        recognizer = side_by_side.submit(_recognizer, config, find, parity=parity, **options)
        orientation = classifier = None
        if OrientationParams.read(config).page_orientation:
            orientation = side_by_side.submit(_orientation, config, find, **options)
        if params.use_angle_cls:
            folder = find(ClassifierParams.read(config).cls_model_dir)
            if not can_read(options.get("engine", "auto"), folder):
                options["engine"] = "auto"
            classifier = side_by_side.submit(_classifier, config, find, **options)
    return Pipeline(
        detector.result().warm(),
        recognizer.result().warm(),
        classifier.result().warm() if classifier else None,
        orientation=orientation.result().warm() if orientation else None,
        drop_score=params.drop_score,
        rules=_rules(config, parity),
    )


def _right_to_left(dictionary: Path | None) -> bool:
    """Tell it as PaddleOCR does."""
    return dictionary is not None and "arabic" in dictionary.name


def _rules(config: object, parity: bool) -> Rules:
    return PADDLEOCR if parity else Rules.read(config)


def _dictionary(params: RecognizerParams, model_folder: Path, find: Find) -> Path | None:
    """Return the dictionary that params.py names; None where it names none, or PaddleOCR's in vain.

    Raises:
        ModelNotFoundError: there is no such file.
    """
    given = params.rec_char_dict_path
    if given is None or "rec_char_dict_path" not in params.model_fields_set:
        return None
    beside = model_folder / Path(given).name
    try:
        return find(given)
    except ModelNotFoundError as error:
        if beside.is_file():
            return beside
        if beside.name == DICTIONARY:
            return None
        raise ModelNotFoundError(
            f"params.py: rec_char_dict_path = {str(given)!r}: there is no such dictionary, neither from the "
            f"working directory ({Path.cwd()}) or the module's folder nor at {beside}; correct it, or leave "
            "it out where the dictionary is inside the model or in its inference.yml"
        ) from error


def _characters(
    model: LoadedModel, params: RecognizerParams, folder: Path, path: Path | None
) -> tuple[list[str], Path | None]:
    """Return the character of every class, and the file that they are from if that is not the model's own."""
    use_space_char = params.use_space_char
    if path is None:
        try:
            return characters_inside(model, folder, use_space_char=use_space_char), None
        except ModelNotFoundError:
            path = folder / DICTIONARY
            if params.rec_char_dict_path is None or not path.is_file():
                raise
    return read_characters(path, use_space_char=use_space_char), path
