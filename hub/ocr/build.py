"""From a module's params.py and init_args to loaded, warm OCR objects.

The only place that knows params.py's object as well as the classes. The place of a model is the
registry's business: callers pass ``find``, usually ``hub.model_path`` for the module's folder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, Unpack

import cv2

from hub.engines.base import (
    CENTERED,
    Engine,
    EngineOptions,
    Execution,
    LoadedModel,
    LoadRequest,
    Normalize,
    Precision,
    can_read,
    load_model,
)
from hub.engines.files import find_model_files
from hub.errors import ModelNotFoundError
from hub.ocr.classifier import Classifier
from hub.ocr.ctc import characters_inside, read_characters
from hub.ocr.detector import Detector
from hub.ocr.params import ClassifierParams, DetectorParams, PipelineParams, RecognizerParams
from hub.ocr.pipeline import Pipeline
from hub.ocr.recognizer import Recognizer

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


def build_detector(config: object, find: Find, **options: Unpack[EngineOptions]) -> Detector:
    """Load and warm the detector that ``read_params()`` describes.

    Raises:
        ConfigError: a field of params.py is wrong.
        EngineError: the model is missing or cannot be loaded; the same for the functions below.
    """
    params = DetectorParams.read(config)
    options.setdefault("kernels", _DETECTOR_KERNELS)
    request = LoadRequest(
        find_model_files(find(params.det_model_dir)),
        Normalize(params.det_mean, params.det_std),
        wide=True,
        single=True,
        execution=Execution(**options),
    )
    detector = Detector(_load("text detection", params.det_model_dir, request), params)
    detector.warm_up()
    return detector


def build_classifier(config: object, find: Find, **options: Unpack[EngineOptions]) -> Classifier:
    """Load and warm the angle classifier that ``read_params()`` describes."""
    params = ClassifierParams.read(config)
    request = _line_request(find(params.cls_model_dir), options)
    classifier = Classifier(_load("text line orientation", params.cls_model_dir, request), params)
    classifier.warm_up()
    return classifier


def build_recognizer(
    config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]
) -> Recognizer:
    """Load and warm the recogniser that ``read_params()`` describes.

    The dictionary is looked for as a path, then beside the model; None means inside it.
    """
    params = RecognizerParams.read(config)
    folder = find(params.rec_model_dir)
    options.setdefault("kernels", _PARITY_KERNELS if parity else _RECOGNIZER_KERNELS)
    given, use_space_char = params.rec_char_dict_path, params.use_space_char
    path = _dictionary(given, folder, find) if given else None
    model = _load("text recognition", params.rec_model_dir, _line_request(folder, options))
    recognizer = Recognizer(
        model,
        read_characters(path, use_space_char=use_space_char)
        if path
        else characters_inside(model, folder, use_space_char=use_space_char),
        params,
        parity=parity,
        right_to_left=path is not None and "arabic" in path.name,  # PaddleOCR's way to tell
    )
    recognizer.warm_up()
    return recognizer


def build_pipeline(config: object, find: Find, *, parity: bool, **options: Unpack[EngineOptions]) -> Pipeline:
    """Load and warm detector, recogniser and, with ``use_angle_cls``, classifier.

    A classifier that the chosen engine cannot read, as PP-OCRv6 brings none of its own, is given to another.
    """
    params = PipelineParams.read(config)
    detector = build_detector(config, find, **options)
    recognizer = build_recognizer(config, find, parity=parity, **options)
    classifier = None
    if params.use_angle_cls:
        folder = find(ClassifierParams.read(config).cls_model_dir)
        if not can_read(options.get("engine", "auto"), folder):
            options["engine"] = "auto"
        classifier = build_classifier(config, find, **options)
    return Pipeline(detector, recognizer, classifier, drop_score=params.drop_score)


def _line_request(folder: Path, options: EngineOptions) -> LoadRequest:
    return LoadRequest(
        find_model_files(folder), CENTERED, padded=True, top1=True, execution=Execution(**options)
    )


def _load(step: str, name: str | Path, request: LoadRequest) -> LoadedModel:
    # Requests are worked on side by side: OpenCV's own threads take 3 % more CPU and bring nothing.
    cv2.setNumThreads(1)
    model = load_model(request)
    device = request.execution.device
    log.info("%s: %s runs on %s (%s, %s)", step, name, model.engine, model.precision, device)
    return model


def _dictionary(given: str | Path, model_folder: Path, find: Find) -> Path:
    beside = model_folder / Path(given).name
    try:
        return find(given)
    except ModelNotFoundError as error:
        if beside.is_file():
            return beside
        raise ModelNotFoundError(f"rec_char_dict_path: {error} Nor is there {beside}.") from error
