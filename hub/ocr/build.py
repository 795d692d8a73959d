"""From a module's params.py and init_args to loaded, warm OCR objects.

The only place that knows params.py's object as well as the classes. Where a model lies is the
registry's business: callers pass ``find``, usually ``hub.model_path`` for the module's folder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

import cv2

from hub.engines.base import Engine, EngineOptions, LoadedModel, Precision, can_read
from hub.errors import ModelNotFoundError
from hub.ocr.classifier import Classifier
from hub.ocr.detector import Detector
from hub.ocr.params import ClassifierParams, DetectorParams, PipelineParams, RecognizerParams
from hub.ocr.pipeline import Pipeline
from hub.ocr.recognizer import Recognizer

log = logging.getLogger(__name__)

#: Finds a weights name, folder or file; raises ModelNotFoundError where there is none.
Find = Callable[[str | Path], Path]


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


def build_detector(config: object, find: Find, **engine: Unpack[EngineOptions]) -> Detector:
    """Load and warm the detector that ``read_params()`` describes.

    Raises:
        ConfigError: a field of params.py is wrong.
        EngineError: the model is missing or cannot be loaded; the same for the functions below.
    """
    _keep_opencv_to_one_thread()
    params = DetectorParams.read(config)
    detector = Detector(find(params.det_model_dir), params, **engine)
    _tell("text detection", params.det_model_dir, detector.model, engine)
    detector.warm_up()
    return detector


def build_classifier(config: object, find: Find, **engine: Unpack[EngineOptions]) -> Classifier:
    """Load and warm the angle classifier that ``read_params()`` describes."""
    _keep_opencv_to_one_thread()
    params = ClassifierParams.read(config)
    classifier = Classifier(find(params.cls_model_dir), params, **engine)
    _tell("text line orientation", params.cls_model_dir, classifier.model, engine)
    classifier.warm_up()
    return classifier


def build_recognizer(
    config: object, find: Find, *, parity: bool, **engine: Unpack[EngineOptions]
) -> Recognizer:
    """Load and warm the recogniser that ``read_params()`` describes.

    The dictionary is looked for as a path, then beside the model; None means inside it.
    """
    _keep_opencv_to_one_thread()
    params = RecognizerParams.read(config)
    folder = find(params.rec_model_dir)
    dictionary = params.rec_char_dict_path and _dictionary(params.rec_char_dict_path, folder, find)
    recognizer = Recognizer(folder, dictionary or None, params, parity=parity, **engine)
    _tell("text recognition", params.rec_model_dir, recognizer.model, engine)
    recognizer.warm_up()
    return recognizer


def build_pipeline(config: object, find: Find, *, parity: bool, **engine: Unpack[EngineOptions]) -> Pipeline:
    """Load and warm detector, recogniser and, with ``use_angle_cls``, classifier.

    A classifier that the chosen engine cannot read, as PP-OCRv6 brings none of its own, is given to another.
    """
    params = PipelineParams.read(config)
    return Pipeline(
        build_detector(config, find, **engine),
        build_recognizer(config, find, parity=parity, **engine),
        _build_any_classifier(config, find, **engine) if params.use_angle_cls else None,
        drop_score=params.drop_score,
    )


def _build_any_classifier(config: object, find: Find, **engine: Unpack[EngineOptions]) -> Classifier:
    folder = find(ClassifierParams.read(config).cls_model_dir)
    if not can_read(engine.get("engine", "auto"), folder):
        engine = {**engine, "engine": "auto"}
    return build_classifier(config, find, **engine)


def _keep_opencv_to_one_thread() -> None:
    """Requests are worked on side by side: OpenCV's own threads take 3 % more CPU and bring nothing."""
    cv2.setNumThreads(1)


def _tell(step: str, name: str | Path, model: LoadedModel, engine: EngineOptions) -> None:
    """One line in the log: what was chosen for this model."""
    where = engine.get("device", "cpu")
    log.info("%s: %s runs on %s (%s, %s)", step, name, model.engine, model.precision, where)


def _dictionary(given: str | Path, model_folder: Path, find: Find) -> Path:
    beside = model_folder / Path(given).name
    try:
        return find(given)
    except ModelNotFoundError as error:
        if beside.is_file():
            return beside
        raise ModelNotFoundError(f"rec_char_dict_path: {error} Nor is there {beside}.") from error
