"""Finds and reads text: ``POST /predict/ocr_system``.

Lines come in reading order; those below ``drop_score`` are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Unpack

import hub
from hub.engines.base import Engine, Precision
from hub.given_images import as_arrays
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_pipeline, engine_options
from hub.ocr.geometry import Image
from hub.ocr.images import chosen_images, read_images
from hub.ocr.options import PipelineOptions, checked
from hub.ocr.pipeline import TextLine
from hub.ocr.presets import configured
from hub.ocr.visualize import checked_flag, with_pictures
from hub.ocr.words import word_fields

if __package__:
    from .params import read_params
else:  # run as a script
    from params import read_params


@moduleinfo(
    name="ocr_system",
    version="1.0.0",
    summary="finds the lines of text in images, and reads them",
    author="HubServing",
    type="cv/PP-OCR_system",
    weights=[
        "PP-OCRv6_small_det",
        "PP-OCRv6_small_rec",
        "PP-OCRv4_mobile_det",
        "PP-OCRv4_mobile_rec",
        "ch_ppocr_mobile_v2.0_cls",
    ],
)
class OCRSystem(Module):
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
        """Load the models. The arguments come from ``init_args`` in config.json; see doc/ocr.md."""
        options = engine_options(
            use_gpu=use_gpu, enable_mkldnn=enable_mkldnn, engine=engine, precision=precision, parity=parity
        )
        find = partial(hub.model_path, directory=self.directory)
        config = configured(read_params(), find, model=model, params=params, parity=parity, **options)
        self.pipeline = build_pipeline(config, find, parity=parity, **options)

    def read_images(self, paths: Sequence[str]) -> list[Image]:
        """Read image files as uint8 (h, w, 3) BGR arrays; unreadable ones are left out."""
        return read_images(paths)

    def predict(
        self,
        images: Sequence[Any] = (),
        paths: Sequence[str] = (),
        visualize: bool = False,
        **options: Unpack[PipelineOptions],
    ) -> list[list[dict[str, Any]]] | list[dict[str, Any]]:
        """Find and read the text of each image.

        Args:
            images: a list of paths, image files as bytes, file objects or base64, PIL images, or uint8
                (h, w, 3) BGR arrays.
            paths: image files instead.
            visualize: also draw what was found.
            **options: for this call instead of the module's settings.

        Returns:
            Per image a list of ``{"text": …, "confidence": 0…1, "text_region": [[x, y], …]}``, four
            corners in whole pixels, clockwise from the top left; ``[]`` for None. With
            ``return_word_box`` a line also has ``"text_word": [text, …]`` and ``"text_word_region"``, the
            four corners of each. With ``visualize`` per image ``{"lines": that list, "image": a JPEG in
            base64}``.

        Raises:
            InvalidInputError: neither or both were given, an image has another form, or an option has a
                value that is not allowed.
        """
        draw, asked = checked_flag(visualize), checked(PipelineOptions, options)
        chosen = chosen_images(as_arrays(images), paths, self.read_images)
        pages = iter(self.pipeline.read([image for image in chosen if image is not None], asked))
        results = [[] if image is None else [_item(line) for line in next(pages)] for image in chosen]
        return with_pictures(chosen, results, hub.model_path) if draw else results

    @serving(batch="images", images="images", thread_safe=True)
    def serving_method(
        self,
        images: list[Any],
        paths: Sequence[str] = (),
        visualize: bool = False,
        **options: Unpack[PipelineOptions],
    ) -> list[list[dict[str, Any]]] | list[dict[str, Any]]:
        """Find and read the text of each image.

        Args:
            images: image files in base64.
            paths: image files of the server instead, where it allows that.
            visualize: also draw what was found; the results then are objects of ``lines`` and ``image``.
        """
        return self.predict(images=images, paths=paths, visualize=visualize, **options)


def _item(line: TextLine) -> dict[str, Any]:
    return {
        "text": line.text,
        "confidence": line.confidence,
        "text_region": line.box.astype(int).tolist(),
        **word_fields(line.words),
    }


if __name__ == "__main__":
    import sys

    module = OCRSystem()
    module._initialize()
    for path in sys.argv[1:]:
        print(path, module.predict(paths=[path]), sep="\n")
