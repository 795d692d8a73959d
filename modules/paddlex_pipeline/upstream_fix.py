"""Fixes one fault of PaddleX 3.5 to 3.7, without which several of its pipelines answer nothing but errors.

Since 3.5 a model's answer for a batch is taken apart into one result per image only where it is a list. The
classes of image and video classifiers and the features of recognisers are arrays: every result got those
of the whole batch. So ``/image-classification`` and ``/video-classification`` answer 500 to every request,
``/shitu-index-build`` and ``/face-recognition-index-build`` likewise, and in OCR all lines of a batch are
turned by the angle of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

#: Parts of a model's answer that are meant per image and come as one array.
PER_IMAGE: Final = ("class_ids", "feature")


def fix(predictor: type[Any]) -> None:
    """Make ``predictor`` (PaddleX's ``BasePredictor``) take those arrays apart as well.

    A release of PaddleX that does so itself is not changed by it.
    """
    apply = predictor.apply
    if getattr(apply, "is_fixed", False):
        return

    def fixed(self: Any, input: Any, **options: Any) -> Iterator[Any]:
        if "process" not in vars(self):
            self.process = _taking_apart(self.process)
        yield from apply(self, input, **options)

    fixed.is_fixed = True  # type: ignore[attr-defined]
    predictor.apply = fixed


def _taking_apart(process: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **options: Any) -> Any:
        answer = process(*arguments, **options)
        if isinstance(answer, dict):
            for key in PER_IMAGE:
                if isinstance(answer.get(key), np.ndarray):
                    answer[key] = list(answer[key])
        return answer

    return wrapped
