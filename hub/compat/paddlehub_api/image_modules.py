"""Base classes of classifiers and segmenters: ``predict``, the serving method, and ``hub run``.

The network is the module's own (an ``nn.Layer`` that names one of these as ``meta``). It has ``transforms``
and, in a classifier, ``labels``; a classifier may lack both. Training is PaddleHub's own.
"""

from __future__ import annotations

import argparse
import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hub.compat.paddlehub_api import imagenet
from hub.compat.paddlehub_api import images as pictures
from hub.compat.paddlehub_api.contract import RunModule, runnable, serving
from hub.compat.paddlehub_api.images import Image, cv2_to_base64
from hub.compat.paddlehub_api.segmentation_transforms import overlay, palette_image, restored

log = logging.getLogger("hub.compat")


class ImageModule(RunModule):
    """An ``nn.Layer`` that takes batches of images."""

    @staticmethod
    def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
        if int(size) < 1:
            raise ValueError(f"batch_size must be at least 1, not {size}")
        for start in range(0, len(items), int(size)):
            yield items[start : start + int(size)]

    def forwarded(self, *inputs: Image) -> Any:
        """Return the network's output in evaluation mode, without gradients, always as a tuple or list."""
        import paddle

        network: Any = self
        network.eval()
        with paddle.no_grad():
            output = network(*(paddle.to_tensor(each) for each in inputs))
        return output if isinstance(output, (tuple, list)) else (output,)

    @staticmethod
    def decoded(images: Sequence[str], options: dict[str, Any], where: str = "images") -> list[Image]:
        """Decode a request's images; no file is written unless the request asks for it."""
        options.setdefault("visualization", False)
        return pictures.decode_all(images, where)

    def arguments(self, argvs: list[str], **options: str | int) -> argparse.Namespace:
        """Parse what follows ``hub run NAME``: ``--input_path``, and options with their defaults, if any."""
        description = f"Run the {self.name} module."
        parser = argparse.ArgumentParser(prog=f"hub run {self.name}", description=description)
        parser.add_argument("--input_path", required=True, help="path of the image")
        for name, default in options.items():
            parser.add_argument(f"--{name}", type=type(default), default=default, required=default == "")
        return parser.parse_args(argvs)


class ImageClassifierModule(ImageModule):
    """Meta class of classifiers."""

    def predict(
        self, images: Sequence[str | Image], batch_size: int = 1, top_k: int = 1
    ) -> list[dict[str, float]]:
        """Return the ``top_k`` likeliest labels of each image (BGR array or path), the likeliest first."""
        transforms = self._transforms()
        labels = getattr(self, "labels", None)
        found = []
        for batch in self.batches(images, batch_size):
            planes = np.stack([transforms(image) for image in batch])
            for row in _softmax(self.forwarded(planes)[0].numpy()):
                best = np.argsort(row)[::-1][: int(top_k)].tolist()
                names = map(str, best) if labels is None else (labels[index] for index in best)
                found.append(dict(zip(names, row[best].tolist(), strict=True)))
        return found

    def _transforms(self) -> Callable[[str | Image], Image]:
        """Return the module's own preparation of an image, or ImageNet's; the log says once which."""
        own: Callable[[str | Image], Image] | None = getattr(self, "transforms", None)
        if own is None:
            _log_what_is_missing(self.name, has_labels=getattr(self, "labels", None) is not None)
        return own or imagenet.prepared

    @serving
    def serving_method(self, images: list[str], top_k: int = 1, **kwargs: Any) -> dict[str, Any]:
        """Return ``{"data": [{label: probability}, …]}``, one entry per image."""
        return {"data": self.predict(pictures.decode_all(images), top_k=int(top_k), **kwargs)}

    @runnable
    def run_cmd(self, argvs: list[str]) -> list[dict[str, float]]:
        """Run ``hub run NAME --input_path FILE [--top_k N]``."""
        given = self.arguments(argvs, top_k=1)
        return self.predict([given.input_path], top_k=given.top_k)


class ImageSegmentationModule(ImageModule):
    """Meta class of segmenters: ``self.transforms`` is a ``segmentation_transforms.Compose``."""

    def predict(
        self,
        images: Sequence[str | Image],
        batch_size: int = 1,
        visualization: bool = True,
        save_path: str = "seg_result",
    ) -> list[Image]:
        """Return a mask of class numbers per image, uint8 (height, width), as large as the image."""
        module: Any = self
        found = []
        for batch in self.batches(images, batch_size):
            planes = np.stack([_first(module.transform(image)) for image in batch]).astype("float32")
            for image, scores in zip(batch, self.forwarded(planes)[0].numpy(), strict=True):
                picture = pictures.read(image)
                mask = restored(
                    scores.argmax(axis=0).astype("uint8"), picture.shape[:2], module.transforms.transforms
                )
                if visualization:
                    _save_mask(picture, mask, Path(save_path))
                found.append(mask)
        return found

    @serving
    def serving_method(self, images: list[str], **kwargs: Any) -> list[str]:
        """Return a mask per image as base64; PNG, which keeps class numbers where JPEG would blur them."""
        given = self.decoded(images, kwargs)
        return [cv2_to_base64(mask, ".png") for mask in self.predict(given, **kwargs)]

    @runnable
    def run_cmd(self, argvs: list[str]) -> list[Image]:
        """Run ``hub run NAME --input_path FILE [--output_dir DIR]``, where drawings are saved."""
        given = self.arguments(argvs, output_dir="seg_result")
        return self.predict([given.input_path], save_path=given.output_dir)


@functools.cache
def _log_what_is_missing(name: str, *, has_labels: bool) -> None:
    numbers = "" if has_labels else "; it has no labels either, so replies name classes by number"
    log.warning(
        "module %s has no transforms; images are prepared as usual for ImageNet (%s)%s",
        name,
        imagenet.DESCRIPTION,
        numbers,
    )


def _softmax(scores: Image) -> Image:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Image = raised / raised.sum(axis=1, keepdims=True)
    return result


def _first(transformed: Any) -> Image:
    """Return the image alone, where a transform returns the label with it."""
    image: Image = transformed[0] if isinstance(transformed, tuple) else transformed
    return image


def _save_mask(image: Image, mask: Image, folder: Path) -> None:
    name = f"{time.time()}.png"
    for part in ("image", "mask"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "image" / name), overlay(image, mask))
    palette_image(mask).save(folder / "mask" / name)
