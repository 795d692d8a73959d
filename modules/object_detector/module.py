"""Serves any detector exported in PaddleDetection's form: ``POST /predict/object_detector``.

The network takes some of ``image`` (1, 3, h, w), ``im_shape`` (1, 2: height and width after the resize)
and ``scale_factor`` (1, 2: that over the original), and its first output is (boxes, 6): class, score, x1,
y1, x2, y2 in pixels of the original image. The folder, the labels and the preparation are configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import hub
from hub.errors import ConfigError, EngineError, InvalidInputError
from hub.given_images import as_arrays
from hub.module import Module, moduleinfo, serving

from . import network
from .params import Config, read_params

_INPUTS = ("image", "im_shape", "scale_factor")


@moduleinfo(
    name="object_detector",
    version="1.0.0",
    summary="serves any detector exported in PaddleDetection's form",
    type="cv/object_detection",
)
class ObjectDetector(Module):
    def _initialize(self, use_gpu: bool = False, enable_mkldnn: bool = False, **params: Any) -> None:
        """Load the model. ``params`` are the names of params.py.

        ``enable_mkldnn`` makes Paddle several times faster on CPU; compare the answers before you use it.
        """
        self.params = read_params(**params)
        self.use_gpu = use_gpu
        self.labels = self._read_labels(self.params.labels)
        folder = hub.model_path(self.params.model_dir, directory=self.directory)
        self.inputs, self.run = network.load(Path(folder), use_gpu=use_gpu, enable_mkldnn=enable_mkldnn)
        if "image" not in self.inputs or not set(self.inputs) <= set(_INPUTS):
            raise ConfigError(f"{folder} takes {', '.join(self.inputs)}; known here are {', '.join(_INPUTS)}")

    @serving(images="images")
    def object_detection(
        self,
        images: Sequence[Any],
        score_thresh: float | None = None,
        batch_size: int = 1,
        use_gpu: bool = False,
    ) -> list[dict[str, list[dict[str, Any]]]]:
        """Find objects.

        Args:
            images: uint8 (h, w, 3) BGR arrays; None for one that could not be decoded.
            score_thresh: what is less certain is left out; by default that of the configuration.
            batch_size: accepted from PaddleHub's clients; images are computed one by one.
            use_gpu: True is refused where the server runs on the CPU.

        Returns:
            Per image ``{"data": [{"label", "confidence", "left", "top", "right", "bottom"}, …]}``, the most
            certain first, in pixels inside the image; no entries for None.
        """
        least = self.params.score_thresh if score_thresh is None else score_thresh
        if isinstance(least, bool) or not isinstance(least, (int, float)) or not 0 <= least <= 1:
            raise InvalidInputError(f"score_thresh is {score_thresh!r}; it must be a number from 0 to 1")
        if use_gpu and not self.use_gpu:
            raise InvalidInputError("use_gpu: this server runs on the CPU; start it with --use_gpu")
        images = as_arrays(images)
        if not isinstance(images, list):
            raise InvalidInputError(f"images must be a list of images, not {type(images).__name__}")
        return [{"data": [] if image is None else self._objects(image, least)} for image in images]

    def _objects(self, image: Any, least: float) -> list[dict[str, Any]]:
        rows = self.run(prepare(image, self.params))[0]
        if rows.ndim != 2 or (rows.size and rows.shape[1] != 6):
            raise EngineError(f"the model's first output is {rows.shape}, not (boxes, 6)")
        # A class below zero is how PaddleDetection says that there is nothing.
        kept = [row for row in rows.tolist() if row[0] >= 0 and row[1] >= least]
        return [self._described(row, *image.shape[:2]) for row in sorted(kept, key=lambda row: -row[1])]

    def _described(self, row: list[float], height: int, width: int) -> dict[str, Any]:
        number, score, left, top, right, bottom = row
        if self.labels and int(number) >= len(self.labels):
            raise ConfigError(f"the model found class {int(number)}, labels has {len(self.labels)} entries")
        return {
            "label": self.labels[int(number)] if self.labels else str(int(number)),
            "confidence": score,
            "left": min(max(left, 0.0), float(width)),
            "top": min(max(top, 0.0), float(height)),
            "right": min(max(right, 0.0), float(width)),
            "bottom": min(max(bottom, 0.0), float(height)),
        }

    def _read_labels(self, labels: str | list[str] | None) -> list[str]:
        if labels is None or isinstance(labels, (list, tuple)):
            return [str(label) for label in labels or ()]
        path = Path(hub.model_path(labels, directory=self.directory))
        return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def prepare(image: Any, params: Config) -> dict[str, Any]:
    """Return the network's inputs, float32, for one uint8 (h, w, 3) BGR image."""
    height, width = params.image_size
    scales = height / image.shape[0], width / image.shape[1]
    if params.keep_ratio:
        scales = min(scales), min(scales)
    size = (max(1, round(image.shape[1] * scales[1])), max(1, round(image.shape[0] * scales[0])))
    resized = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    pixels = resized[:, :, ::-1] if params.channels == "RGB" else resized
    values = (pixels.astype(np.float32) / 255 - np.array(params.mean, np.float32)) / np.array(
        params.std, np.float32
    )
    planes = np.zeros((1, 3, height, width), np.float32)
    planes[0, :, : size[1], : size[0]] = values.transpose(2, 0, 1)
    return {
        "image": planes,
        "im_shape": np.array([[size[1], size[0]]], np.float32),
        "scale_factor": np.array([[size[1] / image.shape[0], size[0] / image.shape[1]]], np.float32),
    }
