"""Base classes of modules that answer with pictures: colouring photographs, painting in another style."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hub.compat.paddlehub_api import images as pictures
from hub.compat.paddlehub_api.colours import LAB2RGB
from hub.compat.paddlehub_api.contract import runnable, serving
from hub.compat.paddlehub_api.image_modules import ImageModule
from hub.compat.paddlehub_api.images import Image, cv2_to_base64
from hub.errors import InvalidInputError


class ImageColorizeModule(ImageModule):
    """Meta class of colouring networks, which have ``transforms`` and ``preprocess``."""

    def predict(
        self,
        images: Sequence[str | Image],
        visualization: bool = True,
        batch_size: int = 1,
        save_path: str = "colorization",
    ) -> list[dict[str, Image]]:
        """Return, per image, RGB pictures ``gray``, ``hint``, ``real`` and ``fake_reg``, the coloured one."""
        module: Any = self
        found = []
        for batch in self.batches(images, batch_size):
            lab = module.preprocess(np.stack([module.transforms(image) for image in batch]))
            grey, hint, mask = lab["A"], lab["hint_B"], lab["mask_B"]
            regressed = self.forwarded(grey, hint, mask)[1]
            blank, real = np.zeros(lab["B"].shape), lab["B"]
            colours = {"gray": blank, "hint": hint, "real": real, "fake_reg": regressed}
            drawn = {name: _rgb(grey, each) for name, each in colours.items()}
            for number, image in enumerate(batch):
                one = {name: each[number] for name, each in drawn.items()}
                if visualization:
                    height, width = pictures.read(image).shape[:2]
                    coloured = cv2.resize(one["fake_reg"], (width, height))
                    _save(cv2.cvtColor(coloured, cv2.COLOR_RGB2BGR), save_path, "fake_")
                found.append(one)
        return found

    @serving
    def serving_method(self, images: list[str], **kwargs: Any) -> dict[str, Any]:
        """Return ``{"data": [{"gray", "hint", "real", "fake_reg"}, …]}``: JPEGs, as large as the image."""
        given = self.decoded(images, kwargs)
        data = []
        for image, drawn in zip(given, self.predict(given, **kwargs), strict=True):
            size = (image.shape[1], image.shape[0])
            bgr = {name: cv2.cvtColor(each, cv2.COLOR_RGB2BGR) for name, each in drawn.items()}
            data.append({name: cv2_to_base64(cv2.resize(each, size)) for name, each in bgr.items()})
        return {"data": data}

    @runnable
    def run_cmd(self, argvs: list[str]) -> list[dict[str, Image]]:
        """Run ``hub run NAME --input_path FILE [--output_dir DIR]``."""
        given = self.arguments(argvs, output_dir="colorization")
        return self.predict([given.input_path], save_path=given.output_dir)


class StyleTransferModule(ImageModule):
    """Meta class of style transfer networks, which have ``transform`` and ``setTarget``."""

    def predict(
        self,
        origin: Sequence[str | Image],
        style: str | Image,
        batch_size: int = 1,
        visualization: bool = True,
        save_path: str = "style_tranfer",
    ) -> list[Image]:
        """Return every content image in the style of ``style``: BGR uint8."""
        import paddle

        module: Any = self
        target = paddle.to_tensor(module.transform(style).astype("float32")[None])
        found = []
        for batch in self.batches(origin, batch_size):
            planes = np.stack([module.transform(image) for image in batch]).astype("float32")
            with paddle.no_grad():
                module.setTarget(target)
            for output in self.forwarded(planes)[0].numpy():
                drawn = np.clip(output.transpose(1, 2, 0), 0, 255).astype(np.uint8)
                if visualization:
                    _save(drawn, save_path, "style_")
                found.append(drawn)
        return found

    @serving
    def serving_method(self, images: list[Any], **kwargs: Any) -> dict[str, Any]:
        """Take ``[[content, …], style]`` and return ``{"data": [picture, …]}``, all in base64."""
        if len(images) != 2 or not isinstance(images[0], list) or not isinstance(images[1], str):
            raise InvalidInputError("images must be [[content image, …], style image], each in base64")
        contents = self.decoded(images[0], kwargs, "images[0]")
        (style,) = pictures.decode_all(images[1:], "style")
        return {"data": [cv2_to_base64(each) for each in self.predict(contents, style, **kwargs)]}

    @runnable
    def run_cmd(self, argvs: list[str]) -> list[Image]:
        """Run ``hub run NAME --input_path FILE --style_path FILE [--output_dir DIR]``."""
        given = self.arguments(argvs, style_path="", output_dir="style_tranfer")
        return self.predict([given.input_path], given.style_path, save_path=given.output_dir)


def _rgb(lightness: Any, colours: Any) -> Image:
    """Return lightness and a/b planes (n, 1|2, h, w), arrays or tensors, as (n, h, w, 3) uint8 RGB."""
    rgb = LAB2RGB()(np.concatenate([np.asarray(lightness), np.asarray(colours)], axis=1))
    pixels: Image = (np.clip(rgb.transpose(0, 2, 3, 1), 0, 1) * 255).astype(np.uint8)
    return pixels


def _save(image: Image, folder: str, prefix: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(Path(folder) / f"{prefix}{time.time()}.png"), image)
