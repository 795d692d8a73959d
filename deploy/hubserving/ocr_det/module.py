"""Finds the lines of text: ``POST /predict/ocr_det``.

Boxes come in the detector's own order, not in reading order, as PaddleOCR's do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Unpack

import hub
from hub.engines.base import Engine, Precision
from hub.given_images import as_arrays
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_detector, engine_options
from hub.ocr.geometry import Box, Image
from hub.ocr.images import chosen_images, read_images
from hub.ocr.options import DetectorOptions, checked
from hub.ocr.presets import configured
from hub.ocr.visualize import checked_flag, with_pictures

if __package__:
    from .params import read_params
else:  # run as a script
    from params import read_params


@moduleinfo(
    name="ocr_det",
    version="1.0.0",
    summary="finds the lines of text in images",
    author="HubServing",
    type="cv/text_detection",
    weights=["PP-OCRv6_small_det", "PP-OCRv4_mobile_det"],
)
class OCRDet(Module):
    def _initialize(
        self,
        use_gpu: bool = False,
        enable_mkldnn: bool | None = None,
        engine: Engine = "auto",
        precision: Precision = "auto",
        parity: bool = False,
        model: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Load the model. The arguments come from ``init_args`` in config.json; see doc/ocr.md."""
        options = engine_options(
            use_gpu=use_gpu, enable_mkldnn=enable_mkldnn, engine=engine, precision=precision, parity=parity
        )
        find = partial(hub.model_path, directory=self.directory)
        config = configured(read_params(), find, model=model, params=params, parity=parity, **options)
        self.detector = build_detector(config, find, parity=parity, **options)

    def read_images(self, paths: Sequence[str]) -> list[Image]:
        """Read image files as uint8 (h, w, 3) BGR arrays; unreadable ones are left out."""
        return read_images(paths)

    def predict(
        self,
        images: Sequence[Any] = (),
        paths: Sequence[str] = (),
        visualize: bool = False,
        **options: Unpack[DetectorOptions],
    ) -> list[list[dict[str, Any]]] | list[dict[str, Any]]:
        """Find the text lines of each image.

        Args:
            images: a list of paths, image files as bytes, file objects or base64, PIL images, or uint8
                (h, w, 3) BGR arrays.
            paths: image files instead.
            visualize: also draw what was found.
            **options: for this call instead of the module's settings.

        Returns:
            Per image a list of ``{"text_region": [[x, y], …]}``, four corners in whole pixels, clockwise
            from the top left; ``[]`` for None. With
            ``visualize`` per image ``{"lines": that list, "image": a JPEG in base64}``.

        Raises:
            InvalidInputError: neither or both were given, an image has another form, or an option has a
                value that is not allowed.
        """
        draw, asked = checked_flag(visualize), checked(DetectorOptions, options)
        chosen = chosen_images(as_arrays(images), paths, self.read_images)
        readable = [image for image in chosen if image is not None]
        found = iter(self.detector.detect(readable, self.detector.params.updated(asked)))
        results = [[] if image is None else [_region(box) for box in next(found)] for image in chosen]
        return with_pictures(chosen, results, hub.model_path) if draw else results

    @serving(batch="images", images="images", thread_safe=True)
    def serving_method(
        self,
        images: list[Any],
        paths: Sequence[str] = (),
        visualize: bool = False,
        **options: Unpack[DetectorOptions],
    ) -> list[list[dict[str, Any]]] | list[dict[str, Any]]:
        """Find the lines of text of each image.

        Args:
            images: image files in base64.
            paths: image files of the server instead, where it allows that.
            visualize: also draw what was found; the results then are objects of ``lines`` and ``image``.
        """
        return self.predict(images=images, paths=paths, visualize=visualize, **options)


def _region(box: Box) -> dict[str, Any]:
    return {"text_region": box.astype(int).tolist()}


if __name__ == "__main__":
    import sys

    module = OCRDet()
    module._initialize()
    for path in sys.argv[1:]:
        print(path, module.predict(paths=[path]), sep="\n")
