"""PaddleX's OCR pipeline: ``POST /ocr``, in the present form of its body and in the older one.

One set of models serves requests with different thresholds. The geometry is PaddleOCR's, as in ocr_system.
"""

from __future__ import annotations

import contextlib
import logging
import mimetypes
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hub
from hub import settings
from hub.engines.base import Engine, Precision
from hub.engines.description import description
from hub.errors import ConfigError, InvalidInputError
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_pipeline, engine_options
from hub.ocr.documents import Document, FileKind, open_document
from hub.ocr.fetch import Fetcher
from hub.ocr.geometry import Image
from hub.ocr.images import from_base64
from hub.ocr.model_rules import detector_rules
from hub.ocr.options import chosen
from hub.ocr.pipeline import Page
from hub.ocr.presets import configured

from .params import read_params
from .replies import Asked, Pictures, data_info, old_texts, pruned_result
from .schema import OldRequest, Request, json_schema, parse
from .settings import PADDLEX_THRESHOLDS, Settings, combined, named_models

log = logging.getLogger(__name__)

#: PaddleX's answer to a request for a step whose model is not loaded.
_INVALID_SETTINGS = "the input params for model settings are invalid!"
_URLS = ("http://", "https://")


@moduleinfo(
    name="ocr_pipeline",
    version="1.0.0",
    summary="PaddleX's OCR pipeline: POST /ocr",
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
    endpoint_schemas = {"ocr": json_schema()}  # noqa: RUF012

    def _initialize(
        self,
        use_gpu: bool = False,
        engine: Engine = "auto",
        precision: Precision = "auto",
        parity: bool = False,
        model: str | None = None,
        **given: Any,
    ) -> None:
        """Load the models; see doc/paddlex.md.

        ``given`` are the sections of a PaddleX pipeline file in its words (``text_detection``,
        ``text_recognition``, ``textline_orientation``), and the other keys that settings.py names.
        """
        options = engine_options(
            use_gpu=use_gpu, enable_mkldnn=None, engine=engine, precision=precision, parity=parity
        )
        find = partial(hub.model_path, directory=self.directory)
        fields = combined(read_params(), given)
        self.settings = Settings.read(fields)
        config: Any = configured(
            fields, find, model=model, params=named_models(given), parity=parity, **options
        )
        rules = detector_rules(config.det_model_dir, find(config.det_model_dir))
        for key, value in {**PADDLEX_THRESHOLDS, **rules}.items():
            vars(config).setdefault(key, value)
        _refuse_other_classifiers(find(config.cls_model_dir))
        self.pipeline = build_pipeline(config, find, parity=parity, **options)
        self.pictures = Pictures(self.settings.max_output_img_size, hub.model_path)
        self.fetcher = Fetcher(int(self.settings.max_url_mb * 1e6), self.settings.url_timeout)

    @serving(thread_safe=True)
    def call_endpoint(self, endpoint: str, body: dict[str, Any]) -> dict[str, Any]:
        """Find and read the text of an image, a TIFF of several pages, or a PDF.

        Args:
            endpoint: ``ocr``.
            body: as for ``POST /ocr``; ``file`` is base64, a URL, or the file's bytes.

        Returns:
            The HTTP status, and the reply as PaddleX has it.

        Raises:
            InvalidInputError: the body is not one of the two forms, or the file cannot be read.
        """
        if endpoint not in self.endpoints:
            raise InvalidInputError(f"no endpoint {endpoint!r}; there is {', '.join(self.endpoints)}")
        request = parse(body)
        log_id = request.log_id or str(uuid.uuid4())
        asked = self._asked(request)
        if asked is None:
            return {"http_status": 500, "reply": _reply(log_id, 500, _INVALID_SETTINGS)}
        with self._open(request) as document:
            if isinstance(request, OldRequest):
                result = self._old_result(document, request, asked)
            else:
                result = self._result(document, request, asked)
        return {"http_status": 200, "reply": {**_reply(log_id, 0, "Success"), "result": result}}

    def _asked(self, request: Request | OldRequest) -> Asked | None:
        """Return how pages are to be read; None where that needs a model that is not loaded."""
        has_classifier = self.pipeline.classifier is not None
        detection = self.pipeline.detector.params.updated(request.detection())
        if isinstance(request, OldRequest):
            return Asked(detection, has_classifier, self.pipeline.drop_score, word_boxes=False)
        upright = chosen(request.use_textline_orientation, has_classifier)
        needs = request.use_doc_orientation_classify or request.use_doc_unwarping
        if needs or (upright and not has_classifier):
            return None
        return Asked(
            detection,
            upright,
            chosen(request.text_rec_score_thresh, self.pipeline.drop_score),
            chosen(request.return_word_box, self.settings.return_word_box),
        )

    def _open(self, request: Request | OldRequest) -> contextlib.AbstractContextManager[Document]:
        """Open the request's file, fetched where it is a URL; raises InvalidInputError."""
        file = request.image if isinstance(request, OldRequest) else request.file
        kind: FileKind = "image" if isinstance(request, OldRequest) else _kind(request)
        if isinstance(file, str) and file.startswith(_URLS):
            if not self.settings.allow_urls:
                raise InvalidInputError(
                    "Invalid input file: URLs are not fetched here; send the file in base64 "
                    "(the server may be told to: allow_urls)"
                )
            file = self.fetcher.fetch(file)
        elif isinstance(file, str):
            file = _decoded(file)
        return open_document(file, kind, settings.max_pixels())

    def _result(self, document: Document, request: Request, asked: Asked) -> dict[str, Any]:
        wants_pictures = chosen(request.visualize, self.settings.visualize)
        results: list[dict[str, Any]] = []
        sizes = []
        for image, page in self._pages(document, asked, self.settings.max_num_input_imgs):
            sizes.append((image.shape[1], image.shape[0]))
            results.append({"prunedResult": pruned_result(page, asked)})
            if wants_pictures:
                results[-1] |= {
                    "ocrImage": self.pictures.drawn(image, page, asked),
                    "inputImage": self.pictures.plain(image),
                }
        info = data_info(document.kind, sizes, document.total)
        return {"ocrResults": results, "dataInfo": info, **_left_out(document, len(sizes))}

    def _old_result(self, document: Document, request: OldRequest, asked: Asked) -> dict[str, Any]:
        ((image, page),) = self._pages(document, asked, 1)
        result: dict[str, Any] = {"texts": old_texts(page, asked)}
        if chosen(request.visualize, True):
            result["image"] = self.pictures.drawn(image, page, asked)
        return {**result, **_left_out(document, 1)}

    def _pages(self, document: Document, asked: Asked, limit: int | None) -> Iterator[tuple[Image, Page]]:
        """Yield each page and its text, one after the other."""
        for number in range(document.total if limit is None else min(limit, document.total)):
            image = document.page(number)
            (page,) = self.pipeline.examine(
                [image], upright=asked.upright, detection=asked.detection, columns=asked.word_boxes
            )
            yield image, page


def _reply(log_id: str, code: int, message: str) -> dict[str, Any]:
    return {"logId": log_id, "errorCode": code, "errorMsg": message}


def _left_out(document: Document, read: int) -> dict[str, Any]:
    """Return the warning that there was more, which the caller must know."""
    if read == document.total:
        return {}
    message = f"only the first {read} of {document.total} pages were read (max_num_input_imgs)"
    log.warning("%s", message)
    return {"warnings": [message]}


def _kind(request: Request) -> FileKind:
    """Tell an image from a PDF, by the request or the URL; raises InvalidInputError as PaddleX does."""
    if request.file_type is not None:
        return "image" if request.file_type == 1 else "pdf"
    if not isinstance(request.file, str) or not request.file.startswith(_URLS):
        raise InvalidInputError("File type cannot be determined")
    guessed = mimetypes.guess_type(urlsplit(request.file).path)[0] or ""
    if guessed == "application/pdf":
        return "pdf"
    if guessed.startswith("image/"):
        return "image"
    raise InvalidInputError("Unsupported file type")


def _decoded(text: str) -> bytes:
    try:
        return from_base64(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"Invalid input file: {error}") from error


def _refuse_other_classifiers(folder: Path) -> None:
    """Refuse PaddleX's PP-LCNet classifiers, which take lines prepared in another way."""
    name = description(folder).name
    if name.startswith("PP-LCNet"):
        raise ConfigError(
            f"textline_orientation: {folder} is {name}, which is not read here; leave model_dir out for "
            "ch_ppocr_mobile_v2.0_cls, or set use_textline_orientation to false"
        )
