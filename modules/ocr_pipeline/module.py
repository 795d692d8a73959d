"""PaddleX's OCR pipeline: ``POST /ocr``, in the present form of its body and in the older one.

With ``"pipeline": "doc_preprocessor"`` it is PaddleX's of that name: ``POST /document-preprocessing``.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any, Literal, get_args

import hub
from hub.engines.base import Engine, EngineOptions, Precision
from hub.errors import ConfigError, InvalidInputError
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_orientation, build_pipeline, engine_options
from hub.ocr.model_rules import detector_rules
from hub.ocr.pipeline import Pipeline
from hub.ocr.presets import Find, configured

from .files import Files
from .ocr import OCR
from .params import read_params
from .preprocessing import Preprocessing
from .preprocessor import Preprocessor, StepMissingError
from .replies import Pictures
from .schema import PREPROCESSING, json_schema, parse
from .settings import PADDLEX_THRESHOLDS, Settings, combined, named_models

#: The pipelines of PaddleX's that this module can be.
Kind = Literal["OCR", "doc_preprocessor"]


@moduleinfo(
    name="ocr_pipeline",
    version="1.0.0",
    summary="reads text in images, TIFF and PDF files: PaddleX's OCR pipeline, POST /ocr",
    author="HubServing",
    type="cv/PP-OCR_pipeline",
    weights=[
        "PP-OCRv6_small_det",
        "PP-OCRv6_small_rec",
        "PP-OCRv4_mobile_det",
        "PP-OCRv4_mobile_rec",
        "ch_ppocr_mobile_v2.0_cls",
    ],
)
class OCRPipeline(Module):
    endpoints = {"ocr": ("file", "image")}  # noqa: RUF012 - the contract's form
    endpoint_schemas = {"ocr": json_schema("ocr")}  # noqa: RUF012

    def _initialize(
        self,
        use_gpu: bool = False,
        engine: Engine = "auto",
        precision: Precision = "auto",
        parity: bool = False,
        model: str | None = None,
        pipeline: Kind = "OCR",
        **given: Any,
    ) -> None:
        """Load the models; see doc/paddlex.md.

        ``given`` are the sections of a PaddleX pipeline file in its words (``text_detection``,
        ``text_recognition``, ``textline_orientation``, …), and the other keys that settings.py names.
        """
        if pipeline not in get_args(Kind):
            raise ConfigError(f"init_args: pipeline = {pipeline!r}; allowed are {', '.join(get_args(Kind))}")
        options = engine_options(
            use_gpu=use_gpu, enable_mkldnn=None, engine=engine, precision=precision, parity=parity
        )
        find = partial(hub.model_path, directory=self.directory)
        alone = pipeline == "doc_preprocessor"
        if alone:  # as in PaddleX, where this is its own switch
            given = {"use_doc_orientation_classify": True, **given}
        config: Any = combined(read_params(), given)
        settings = Settings.read(config)
        if not alone:
            config = configured(
                config, find, model=model, params=named_models(given), parity=parity, **options
            )
        preprocessor = Preprocessor(
            partial(build_orientation, config, find, **options), by_default=settings.page_orientation
        )
        files, pictures = Files(settings), Pictures(settings.max_output_img_size, hub.model_path)
        if alone:
            self.endpoints = {PREPROCESSING: ("file",)}
            self.endpoint_schemas = {PREPROCESSING: json_schema(PREPROCESSING)}
            self.answers: OCR | Preprocessing = Preprocessing(preprocessor, files, pictures, settings)
        else:
            self.pipeline = _pipeline(config, find, options, parity=parity)
            self.answers = OCR(self.pipeline, preprocessor, files, pictures, settings)

    @serving(thread_safe=True)
    def call_endpoint(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        """Find and read the text of an image, a TIFF of several pages, or a PDF; or turn their pages upright.

        Args:
            endpoint: ``ocr``; ``document-preprocessing`` where the module is the pipeline doc_preprocessor.
            body: as for ``POST /ocr``; ``file`` is base64, a URL, or the file's bytes.

        Returns:
            The HTTP status, and the reply as PaddleX has it.

        Raises:
            InvalidInputError: the body has none of the endpoint's forms, or the file cannot be read.
        """
        if endpoint not in self.endpoints:
            raise InvalidInputError(f"no endpoint {endpoint!r}; there is {', '.join(self.endpoints)}")
        request = parse(body, endpoint)
        log_id = request.log_id or str(uuid.uuid4())
        try:
            result = self.answers.result(request)
        except StepMissingError as error:
            return {"http_status": 500, "reply": _reply(log_id, 500, str(error))}
        return {"http_status": 200, "reply": {**_reply(log_id, 0, "Success"), "result": result}}


def _reply(log_id: str, code: int, message: str) -> dict[str, Any]:
    return {"logId": log_id, "errorCode": code, "errorMsg": message}


def _pipeline(config: Any, find: Find, options: EngineOptions, *, parity: bool) -> Pipeline:
    """Load what finds and reads text; pages are turned before, by the preprocessor."""
    rules = detector_rules(config.det_model_dir, find(config.det_model_dir))
    for key, value in {**PADDLEX_THRESHOLDS, **rules}.items():
        vars(config).setdefault(key, value)
    config.page_orientation = False
    return build_pipeline(config, find, parity=parity, **options)
