"""``POST /ocr``. One set of models serves requests with different thresholds.

The geometry is PaddleOCR's, as in ocr_system. Where a page is turned upright before it is read, places are
those in the turned page, as in PaddleX.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.ocr.documents import Document
from hub.ocr.options import chosen
from hub.ocr.pipeline import Page, Pipeline

from .files import Files, left_out
from .preprocessor import Preprocessed, Preprocessor, StepMissingError
from .replies import Asked, Pictures, data_info, old_texts, pruned_result
from .schema import OldRequest, Request
from .settings import Settings


class OCR:
    """Reads the pages of files. Safe to call from several threads."""

    def __init__(
        self,
        pipeline: Pipeline,
        preprocessor: Preprocessor,
        files: Files,
        pictures: Pictures,
        settings: Settings,
    ) -> None:
        self._pipeline = pipeline
        self._preprocessor = preprocessor
        self._files = files
        self._pictures = pictures
        self._settings = settings

    def result(self, request: Request | OldRequest) -> dict[str, Any]:
        """Return ``result`` of the reply.

        Raises:
            StepMissingError: the request asks for a step whose model is not loaded.
            InvalidInputError: the file cannot be read.
        """
        asked = self._asked(request)
        with self._files.open(request) as document:
            if isinstance(request, OldRequest):
                return self._old_result(document, request, asked)
            return self._result(document, request, asked)

    def _asked(self, request: Request | OldRequest) -> Asked:
        """Return how pages are to be read; raises StepMissingError."""
        has_classifier = self._pipeline.classifier is not None
        detection = self._pipeline.detector.params.updated(request.detection())
        if isinstance(request, OldRequest):
            orientation = self._preprocessor.orientation()
            return Asked(
                detection,
                has_classifier,
                self._pipeline.drop_score,
                orientation=orientation,
                word_boxes=False,
            )
        upright = chosen(request.use_textline_orientation, has_classifier)
        if upright and not has_classifier:
            raise StepMissingError
        classify, unwarp = request.use_doc_orientation_classify, request.use_doc_unwarping
        if classify is None and unwarp is not None:
            classify = False  # as in PaddleX: a word on one of the two steps is a word on both
        return Asked(
            detection,
            upright,
            chosen(request.text_rec_score_thresh, self._pipeline.drop_score),
            orientation=self._preprocessor.orientation(classify, unwarp),
            word_boxes=chosen(request.return_word_box, self._settings.return_word_box),
        )

    def _result(self, document: Document, request: Request, asked: Asked) -> dict[str, Any]:
        wants_pictures = chosen(request.visualize, self._settings.visualize)
        results: list[dict[str, Any]] = []
        sizes = []
        for prepared, page in self._pages(document, asked):
            sizes.append((prepared.given.shape[1], prepared.given.shape[0]))
            results.append({"prunedResult": pruned_result(prepared, page, asked)})
            if wants_pictures:
                results[-1] |= {
                    "ocrImage": self._pictures.drawn(prepared.output, page, asked),
                    "inputImage": self._pictures.plain(prepared.given),
                }
                if asked.orientation:
                    results[-1]["docPreprocessingImage"] = self._pictures.steps(prepared)
        info = data_info(document.kind, sizes, document.total)
        return {"ocrResults": results, "dataInfo": info, **left_out(document, len(sizes))}

    def _old_result(self, document: Document, request: OldRequest, asked: Asked) -> dict[str, Any]:
        ((prepared, page),) = self._pages(document, asked, only_first=True)
        result: dict[str, Any] = {"texts": old_texts(page, asked)}
        if chosen(request.visualize, True):
            result["image"] = self._pictures.drawn(prepared.output, page, asked)
        return {**result, **left_out(document, 1)}

    def _pages(
        self, document: Document, asked: Asked, *, only_first: bool = False
    ) -> Iterator[tuple[Preprocessed, Page]]:
        """Yield each page and its text, one after the other."""
        for image in self._files.pages(document, only_first=only_first):
            prepared = Preprocessed.of(image, asked.orientation)
            (page,) = self._pipeline.examine(
                [prepared.output],
                upright=asked.upright,
                detection=asked.detection,
                columns=asked.word_boxes,
            )
            yield prepared, page
