"""Finds and reads text: ``POST /predict/ocr_system``.

Lines come in reading order; those below ``drop_score`` are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Unpack

import hub
from hub.engines.base import Engine, Precision
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_pipeline, engine_options
from hub.ocr.geometry import Image
from hub.ocr.images import read_images
from hub.ocr.inputs import chosen_inputs, examined
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
        pages: int | list[int] | None = None,
        **options: Unpack[PipelineOptions],
    ) -> list[list[dict[str, Any]]] | list[dict[str, Any]]:
        """Find and read the text of each image.

        Args:
            images: a list of paths, images or documents as bytes, file objects or base64, PIL images, or
                uint8 (h, w, 3) BGR arrays.
            paths: files instead.
            visualize: also draw what was found.
            pages: of a document: the first so many, or those with these numbers, from 0; all unless given.
            **options: for this call instead of the module's settings.

        Returns:
            Per image a list of ``{"text": …, "confidence": 0…1, "text_region": [[x, y], …]}``, four
            corners in whole pixels, clockwise from the top left; ``[]`` for None. Lines
            of a PDF, and of a picture with several pages, have ``page``, from 0, too; with
            ``return_word_box`` also ``"text_word": [text, …]`` and ``"text_word_region"``, the four corners
            of each. With ``visualize`` per image ``{"lines": that list, "image": a JPEG in base64}``, and of
            such a file all ``images``.

        Raises:
            InvalidInputError: neither or both were given, an image has another form, there is no such page,
                or an option has a value that is not allowed.
        """
        draw, asked = checked_flag(visualize), checked(PipelineOptions, options)

        def work(chosen: list[Image]) -> Sequence[Any]:
            results = [[_item(line) for line in page] for page in self.pipeline.read(chosen, asked)]
            return with_pictures(chosen, results, hub.model_path) if draw else results

        nothing: Any = {"lines": [], "image": None} if draw else []
        return examined(chosen_inputs(images, paths), work, pages, nothing)

    @serving(batch="images", images="images", documents=True, thread_safe=True)
    def serving_method(
        self,
        images: list[Any],
        paths: Sequence[str] = (),
        visualize: bool = False,
        pages: int | list[int] | None = None,
        **options: Unpack[PipelineOptions],
    ) -> list[list[dict[str, Any]]] | list[dict[str, Any]]:
        """Find and read the text of each image.

        Args:
            images: images and documents (PDF, TIFF, animations) in base64.
            paths: files of the server instead, where it allows that.
            visualize: also draw what was found; the results then are objects of ``lines`` and ``image``.
            pages: of a document: the first so many, or those with these numbers, from 0; the first ten of a
                request unless given.
        """
        return self.predict(images=images, paths=paths, visualize=visualize, pages=pages, **options)


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
