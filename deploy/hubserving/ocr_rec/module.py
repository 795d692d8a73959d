"""Reads a line of text: ``POST /predict/ocr_rec``.

The answer is a list of one list for all images, and leaves out what cannot be decoded, as PaddleOCR's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Unpack

import hub
from hub.engines.base import Engine, Precision
from hub.given_images import as_arrays
from hub.module import Module, moduleinfo, serving
from hub.ocr.build import build_recognizer, engine_options
from hub.ocr.geometry import Image
from hub.ocr.images import chosen_images, read_images
from hub.ocr.options import RecognizerOptions, checked, chosen
from hub.ocr.presets import configured
from hub.ocr.words import word_fields, words_across

if __package__:
    from .params import read_params
else:  # run as a script
    from params import read_params


@moduleinfo(
    name="ocr_rec",
    version="1.0.0",
    summary="reads pictures of single lines of text",
    author="HubServing",
    type="cv/text_recognition",
    weights=["PP-OCRv6_small_rec", "PP-OCRv4_mobile_rec"],
)
class OCRRec(Module):
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
        self.recognizer = build_recognizer(config, find, parity=parity, **options)

    def read_images(self, paths: Sequence[str]) -> list[Image]:
        """Read image files as uint8 (h, w, 3) BGR arrays; unreadable ones are left out."""
        return read_images(paths)

    def predict(
        self,
        images: Sequence[Any] = (),
        paths: Sequence[str] = (),
        **options: Unpack[RecognizerOptions],
    ) -> list[list[dict[str, Any]]]:
        """Read line images.

        Args:
            images: a list of paths, image files as bytes, file objects or base64, PIL images, or uint8
                (h, w, 3) BGR arrays.
            paths: image files instead.
            **options: for this call instead of the module's settings.

        Returns:
            One list inside a list, ``[[{"text": …, "confidence": 0…1}, …]]``, in input order. With
            ``return_word_box`` a line also has ``"text_word": [text, …]`` and ``"text_word_region"``, the
            four corners [x, y] of each, in pixels of its image.

        Raises:
            InvalidInputError: neither or both were given, an image has another form, or an option has a
                value that is not allowed.
        """
        asked = checked(RecognizerOptions, options)
        with_words = chosen(asked.get("return_word_box"), self.recognizer.params.return_word_box)
        lines = [
            image for image in chosen_images(as_arrays(images), paths, self.read_images) if image is not None
        ]
        readings = self.recognizer.recognize([lines], columns=with_words)[0]
        return [
            [
                {
                    "text": reading.text,
                    "confidence": reading.confidence,
                    **(word_fields(words_across(reading, line)) if with_words else {}),
                }
                for reading, line in zip(readings, lines, strict=True)
            ]
        ]

    @serving(images="images", thread_safe=True)
    def serving_method(
        self,
        images: list[Any],
        paths: Sequence[str] = (),
        **options: Unpack[RecognizerOptions],
    ) -> list[list[dict[str, Any]]]:
        """Read each line of text.

        Args:
            images: image files in base64, each one line.
            paths: image files of the server instead, where it allows that.
        """
        return self.predict(images=images, paths=paths, **options)


if __name__ == "__main__":
    import sys

    module = OCRRec()
    module._initialize()
    for path in sys.argv[1:]:
        print(path, module.predict(paths=[path]), sep="\n")
