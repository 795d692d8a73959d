"""Where the text is: ``POST /predict/ocr_det``.

Boxes come in the detector's own order, not in reading order, as PaddleOCR's do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import hub
from hub.engines.base import Engine, Precision
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_detector, engine_options
from hub.ocr.geometry import Box, Image
from hub.ocr.images import chosen_images, read_images

if __package__:
    from .params import read_params
else:  # run as a script
    from params import read_params


@moduleinfo(
    name="ocr_det",
    version="1.0.0",
    summary="ocr detection service",
    author="HubServing",
    type="cv/text_detection",
    weights=["PP-OCRv4_mobile_det"],
)
class OCRDet(Module):
    def _initialize(
        self,
        use_gpu: bool = False,
        enable_mkldnn: bool | None = None,
        engine: Engine = "auto",
        precision: Precision = "auto",
    ) -> None:
        """Load the model. The arguments come from ``init_args`` in config.json; see doc/ocr.md."""
        options = engine_options(
            use_gpu=use_gpu, enable_mkldnn=enable_mkldnn, engine=engine, precision=precision
        )
        find = partial(hub.model_path, directory=self.directory)
        self.detector = build_detector(read_params(), find, **options)

    def read_images(self, paths: Sequence[str]) -> list[Image]:
        """Read image files as uint8 (h, w, 3) BGR arrays; unreadable ones are left out."""
        return read_images(paths)

    def predict(self, images: Sequence[Any] = (), paths: Sequence[str] = ()) -> list[list[dict[str, Any]]]:
        """Find the text lines of each image.

        Args:
            images: a list of uint8 (h, w, 3) BGR arrays, of encoded image bytes, or of their base64.
            paths: image files instead.

        Returns:
            Per image a list of ``{"text_region": [[x, y], …]}``, four corners in whole pixels, clockwise
            from the top left; ``[]`` for one that cannot be decoded.

        Raises:
            InvalidInputError: neither or both were given, or an image is none by its form.
        """
        chosen = chosen_images(images, paths, self.read_images)
        found = iter(self.detector.detect([image for image in chosen if image is not None]))
        return [[] if image is None else [_region(box) for box in next(found)] for image in chosen]

    @serving(batch="images", images="images", thread_safe=True)
    def serving_method(self, images: list[Any], **kwargs: Any) -> list[list[dict[str, Any]]]:
        """What ``POST /predict/ocr_det`` calls, with images decoded or as base64 strings."""
        return self.predict(images=images, **kwargs)


def _region(box: Box) -> dict[str, Any]:
    return {"text_region": box.astype(int).tolist()}


if __name__ == "__main__":
    import sys

    module = OCRDet()
    module._initialize()
    for path in sys.argv[1:]:
        print(path, module.predict(paths=[path]), sep="\n")
