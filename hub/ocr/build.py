"""From a module's params.py and init_args to loaded, warm OCR objects.

The only place that knows params.py's object as well as the classes. The place of a model is the
registry's business: callers pass ``find``, usually ``hub.model_path`` for the module's folder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, Unpack

import cv2

from hub.engines.base import CENTERED, Engine, EngineOptions, Normalize, Precision, can_read, load
from hub.errors import ModelNotFoundError
from hub.ocr.classifier import Classifier
from hub.ocr.ctc import characters_inside, read_characters
from hub.ocr.detector import Detector
from hub.ocr.names import check_names
from hub.ocr.params import ClassifierParams, DetectorParams, PipelineParams, RecognizerParams
from hub.ocr.pipeline import Pipeline
from hub.ocr.recognizer import Recognizer
from hub.ocr.rules import PADDLEOCR, Rules

log = logging.getLogger(__name__)

#: Kernels that the detector keeps, of 43 for each size of input: some 50 sizes, with 5 MB each. Preparing a
#: size anew takes as long as computing it.
_DETECTOR_KERNELS: Final = 2200
#: The recogniser's, some 22 for each width, which take 2.5 MB in f32 and 3.3 MB in int8.
_RECOGNIZER_KERNELS: Final = 1000
#: Of parity mode, where nearly every page brings widths of its own.
_PARITY_KERNELS: Final = 1300
#: Finds a weights name, folder or file; raises ModelNotFoundError where there is none.
Find = Callable[[str | Path], Path]
Step = TypeVar("Step", Detector, Classifier, Recognizer)


def engine_options(
    *, use_gpu: bool, enable_mkldnn: bool | None, engine: Engine, precision: Precision, parity: bool
) -> EngineOptions:
    """Translate the modules' init_args, two of them PaddleOCR's, to those of the engines.

    ``enable_mkldnn`` None means on: on Paddle 3 it gives the same boxes and text as off, about
    seven times faster. With ``parity``, precision ``auto`` is f32.
    """
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
    check_names(config)
    params = DetectorParams.read(config)
    options.setdefault("kernels", _DETECTOR_KERNELS)
    normalize = Normalize(params.det_mean, params.det_std)
    model = load(find(params.det_model_dir), normalize=normalize, wide=True, single=True, **options)
    return _warm(
        Detector(model, params, _rules(config, parity)), "text detection", params.det_model_dir, options
    )


def build_classifier(config: object, find: Find, **options: Unpack[EngineOptions]) -> Classifier:
    """Load and warm the angle classifier that ``read_params()`` describes."""
    check_names(config)
    params = ClassifierParams.read(config)
    model = load(find(params.cls_model_dir), normalize=CENTERED, padded=True, top1=True, **options)
    return _warm(Classifier(model, params), "text line orientation", params.cls_model_dir, options)


def build_recognizer(
    config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]
) -> Recognizer:
    """Load and warm the recogniser that ``read_params()`` describes.

    The dictionary is looked for as a path, then beside the model; None means inside it.
    """
    check_names(config)
    params = RecognizerParams.read(config)
    folder = find(params.rec_model_dir)
    options.setdefault("kernels", _PARITY_KERNELS if parity else _RECOGNIZER_KERNELS)
    given, use_space_char = params.rec_char_dict_path, params.use_space_char
    path = _dictionary(given, folder, find) if given else None
    model = load(folder, normalize=CENTERED, padded=True, top1=True, **options)
    recognizer = Recognizer(
        model,
        read_characters(path, use_space_char=use_space_char)
        if path
        else characters_inside(model, folder, use_space_char=use_space_char),
        params,
        parity=parity,
        right_to_left=_right_to_left(path) if _rules(config, parity).right_to_left == "dictionary" else None,
    )
    return _warm(recognizer, "text recognition", params.rec_model_dir, options)


def build_pipeline(config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]) -> Pipeline:
    """Load and warm detector, recogniser and, with ``use_angle_cls``, classifier.

    A classifier that the chosen engine cannot read, as PP-OCRv6 brings none of its own, is given to another.
    """
    params = PipelineParams.read(config)
    detector = build_detector(config, find, parity=parity, **options)
    recognizer = build_recognizer(config, find, parity=parity, **options)
    classifier = None
    if params.use_angle_cls:
        folder = find(ClassifierParams.read(config).cls_model_dir)
        if not can_read(options.get("engine", "auto"), folder):
            options["engine"] = "auto"
        classifier = build_classifier(config, find, **options)
    rules = _rules(config, parity)
    return Pipeline(detector, recognizer, classifier, drop_score=params.drop_score, rules=rules)


def _right_to_left(dictionary: Path | None) -> bool:
    """Tell it as PaddleOCR does."""
    return dictionary is not None and "arabic" in dictionary.name


def _rules(config: object, parity: bool) -> Rules:
    return PADDLEOCR if parity else Rules.read(config)


def _warm(step: Step, task: str, name: str | Path, options: EngineOptions) -> Step:
    # Requests are worked on side by side: OpenCV's own threads take 3 % more CPU and bring nothing.
    cv2.setNumThreads(1)
    engine, precision, device = step.model.engine, step.model.precision, options.get("device", "cpu")
    log.info("%s: %s runs on %s (%s, %s)", task, name, engine, precision, device)
    step.warm_up()
    return step


def _dictionary(given: str | Path, model_folder: Path, find: Find) -> Path:
    beside = model_folder / Path(given).name
    try:
        return find(given)
    except ModelNotFoundError as error:
        if beside.is_file():
            return beside
        raise ModelNotFoundError(f"rec_char_dict_path: {error} Nor is there {beside}.") from error
