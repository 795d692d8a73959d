"""``POST /document-preprocessing``: PaddleX's pipeline doc_preprocessor, by its first step."""

from __future__ import annotations

from typing import Any

from .files import Files, left_out
from .preprocessor import Preprocessed, Preprocessor
from .replies import Pictures, data_info
from .schema import PreprocessingRequest
from .settings import Settings


class Preprocessing:
    """Turns the pages of files upright. Safe to call from several threads."""

    def __init__(
        self, preprocessor: Preprocessor, files: Files, pictures: Pictures, settings: Settings
    ) -> None:
        self._preprocessor = preprocessor
        self._files = files
        self._pictures = pictures
        self._visualize = settings.visualize

    def result(self, request: PreprocessingRequest) -> dict[str, Any]:
        """Return ``result`` of the reply.

        Raises:
            StepMissingError: the request asks for unwarping.
            InvalidInputError: the file cannot be read.
        """
        orientation = self._preprocessor.orientation(
            request.use_doc_orientation_classify, request.use_doc_unwarping
        )
        wants_pictures = self._visualize if request.visualize is None else request.visualize
        results: list[dict[str, Any]] = []
        sizes = []
        with self._files.open(request) as document:
            for page in self._files.pages(document):
                done = Preprocessed.of(page, orientation)
                sizes.append((page.shape[1], page.shape[0]))
                results.append(
                    {"outputImage": self._pictures.exact(done.output), "prunedResult": done.pruned_result}
                )
                if wants_pictures:
                    results[-1] |= {
                        "docPreprocessingImage": self._pictures.steps(done),
                        "inputImage": self._pictures.plain(page),
                    }
            info = data_info(document.kind, sizes, document.total)
            return {"docPreprocessingResults": results, "dataInfo": info, **left_out(document, len(sizes))}
