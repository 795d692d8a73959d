"""The steps of PaddleX's doc_preprocessor, a pipeline of its own and a part of OCR: pages are turned upright.

Its other step, unwarping, has no model here: a request for it is told what has one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import HubError, WeightsMissingError
from hub.ocr.geometry import Image
from hub.ocr.orientation import Orientation, turned

#: PaddleX's answer to a request for a step whose model is not loaded.
_INVALID_SETTINGS: Final = "the input params for model settings are invalid!"
_NO_UNWARPING: Final = (
    "useDocUnwarping: pages are not flattened here; the real PaddleX does that: "
    "hub install --isolated paddlex_pipeline, and a pipeline file with use_doc_unwarping: True"
)
#: The ``angle`` of a page that nothing looked at.
_NOT_RUN: Final = -1


class StepMissingError(HubError):
    """A request asks for a step whose model is not loaded; the message begins as PaddleX's."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"{_INVALID_SETTINGS} {reason}".strip())


@dataclass(frozen=True)
class Preprocessed:
    """A page, as it was given and after the steps.

    Attributes:
        given, output: uint8 (h, w, 3), BGR.
        angle: by how many degrees it was turned counter-clockwise; -1 where nothing looked.
    """

    given: Image
    output: Image
    angle: int

    @classmethod
    def of(cls, page: Image, orientation: Orientation | None) -> Preprocessed:
        """Turn a page upright; without a model it stays as it is."""
        if orientation is None:
            return cls(page, page, _NOT_RUN)
        (angle,) = orientation.angles([page])
        return cls(page, turned(page, angle), angle)

    @property
    def pruned_result(self) -> dict[str, Any]:
        """PaddleX's ``prunedResult`` of the pipeline, and ``doc_preprocessor_res`` in that of OCR."""
        steps = {"use_doc_orientation_classify": self.angle != _NOT_RUN, "use_doc_unwarping": False}
        return {"model_settings": steps, "angle": self.angle}


class Preprocessor:
    """Gives the model that tells which way up a page is, where a request or the configuration asks for it.

    With ``by_default`` it is loaded at once, else by the first request that asks for it: its weights do not
    come with the module.
    """

    def __init__(self, load: Callable[[], Orientation], *, by_default: bool) -> None:
        self._load = load
        self._by_default = by_default
        self._lock = threading.Lock()
        self._loaded = load() if by_default else None

    def orientation(self, classify: bool | None = None, unwarp: bool | None = None) -> Orientation | None:
        """Return the model; None where it is not asked for.

        Args:
            classify: ``useDocOrientationClassify`` of a request; None: as configured.
            unwarp: ``useDocUnwarping``; None: false.

        Raises:
            StepMissingError: unwarping is asked for, or the weights have not been fetched.
        """
        if unwarp:
            raise StepMissingError(_NO_UNWARPING)
        if not (self._by_default if classify is None else classify):
            return None
        with self._lock:
            try:
                self._loaded = self._loaded or self._load()
            except WeightsMissingError as error:
                raise StepMissingError(f"useDocOrientationClassify: {error}") from error
        return self._loaded
