"""Tells which way up a line of text is: ``POST /predict/ocr_cls``.

The answer is a list of one list for all images, and leaves out what cannot be decoded, as PaddleOCR's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import hub
from hub.engines.base import Engine, Precision
from hub.given_images import as_arrays
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_classifier, engine_options
from hub.ocr.geometry import Image
from hub.ocr.images import chosen_images, read_images
from hub.ocr.presets import configured

if __package__:
    from .params import read_params
else:  # run as a script
    from params import read_params


@moduleinfo(
    name="ocr_cls",
    version="1.0.0",
    summary="tells which pictures of lines of text are upside down",
    author="HubServing",
    type="cv/text_angle_cls",
    weights=["ch_ppocr_mobile_v2.0_cls"],
)
class OCRCls(Module):
    def _initialize(
        self,
        use_gpu: bool = False,
        enable_mkldnn: bool | None = None,
        engine: Engine = "auto",
        precision: Precision = "auto",
        parity: bool = False,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Load the model. The arguments come from ``init_args`` in config.json; see doc/ocr.md."""
        options = engine_options(
            use_gpu=use_gpu, enable_mkldnn=enable_mkldnn, engine=engine, precision=precision, parity=parity
        )
        find = partial(hub.model_path, directory=self.directory)
        config = configured(read_params(), find, params=params, parity=parity, **options)
        self.classifier = build_classifier(config, find, **options)

    def read_images(self, paths: Sequence[str]) -> list[Image]:
        """Read image files as uint8 (h, w, 3) BGR arrays; unreadable ones are left out."""
        return read_images(paths)

    def predict(self, images: Sequence[Any] = (), paths: Sequence[str] = ()) -> list[list[dict[str, Any]]]:
        """Tell the angle of line images.

        Args:
            images: a list of paths, image files as bytes, file objects or base64, PIL images, or uint8
                (h, w, 3) BGR arrays.
            paths: image files instead.

        Returns:
            One list inside a list, ``[[{"angle": "0" or "180", "confidence": 0…1}, …]]``, in input order.

        Raises:
            InvalidInputError: neither or both were given, or an image has another form.
        """
        chosen = chosen_images(as_arrays(images), paths, self.read_images)
        angles = self.classifier.classify([image for image in chosen if image is not None])
        return [[{"angle": angle.label, "confidence": angle.confidence} for angle in angles]]

    @serving(images="images", thread_safe=True)
    def serving_method(self, images: list[Any], paths: Sequence[str] = ()) -> list[list[dict[str, Any]]]:
        """Tell which way up each line of text is.

        Args:
            images: image files in base64, each one line.
            paths: image files of the server instead, where it allows that.
        """
        return self.predict(images=images, paths=paths)


if __name__ == "__main__":
    import sys

    module = OCRCls()
    module._initialize()
    for path in sys.argv[1:]:
        print(path, module.predict(paths=[path]), sep="\n")
