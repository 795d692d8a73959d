"""Serves any exported image classifier: ``POST /predict/image_classifier``.

The model's folder, its labels and how it wants its images are configuration: params.py or ``init_args``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import hub
from hub.engines.base import Batch, Device, Engine, Normalize, Precision, load
from hub.errors import ConfigError, InvalidInputError
from hub.given_images import as_arrays
from hub.module import Module, moduleinfo, serving

from .params import Config, read_params


@moduleinfo(
    name="image_classifier",
    version="1.0.0",
    summary="serves any exported Paddle or ONNX image classifier",
    type="cv/classification",
)
class ImageClassifier(Module):
    def _initialize(
        self,
        use_gpu: bool = False,
        enable_mkldnn: bool = False,
        engine: Engine = "auto",
        precision: Precision = "f32",
        **params: Any,
    ) -> None:
        """Load the model. ``params`` are the names of params.py.

        ``enable_mkldnn`` makes Paddle several times faster on CPU; compare the answers before you use it.
        """
        self.params = read_params(**params)
        self.use_gpu = use_gpu
        self.labels = self._read_labels(self.params.labels)
        normalize = Normalize(_three(self.params.mean), _three(self.params.std))
        folder = hub.model_path(self.params.model_dir, directory=self.directory)
        device: Device = "gpu" if use_gpu else "cpu"
        self.model = load(
            folder,
            normalize=normalize,
            engine=engine,
            precision=precision,
            device=device,
            onednn=enable_mkldnn,
            wide=True,
        )

    @serving(images="images", batch="images", thread_safe=True)
    def classification(
        self, images: Sequence[Any], top_k: int | None = None, batch_size: int = 1, use_gpu: bool = False
    ) -> list[dict[str, float]]:
        """Name what is in the images.

        Args:
            images: uint8 (h, w, 3) BGR arrays; None for one that could not be decoded.
            top_k: how many labels, the most probable first; by default that of the configuration.
            batch_size: accepted from PaddleHub's clients; what waits is computed together anyway.
            use_gpu: True is refused where the server runs on the CPU.

        Returns:
            Per image ``{label: probability, …}``; {} for None.
        """
        count = self.params.top_k if top_k is None else top_k
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise InvalidInputError(f"top_k is {top_k!r}; it must be a whole number above 0")
        if use_gpu and not self.use_gpu:
            raise InvalidInputError("use_gpu: this server runs on the CPU; start it with --use_gpu")
        images = as_arrays(images)
        if not isinstance(images, list):
            raise InvalidInputError(f"images must be a list of images, not {type(images).__name__}")
        prepared = [prepare(image, self.params) for image in images if image is not None]
        answers = iter(self._probabilities(prepared))
        return [{} if image is None else self._top(next(answers), count) for image in images]

    def _probabilities(self, images: list[Any]) -> Any:
        """Return float64 (n, classes), each row summing to 1."""
        if not images:
            return []
        ((output, *_),) = self.model.run_many([Batch(np.stack(images))])
        rows = output.reshape(len(images), -1).astype(np.float64)
        sums_to_one = bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-2))
        if self.params.softmax if self.params.softmax is not None else not sums_to_one:
            rows = np.exp(rows - rows.max(axis=1, keepdims=True))
            rows /= rows.sum(axis=1, keepdims=True)
        if self.labels and len(self.labels) != rows.shape[1]:
            raise ConfigError(f"labels has {len(self.labels)} entries, the model {rows.shape[1]} classes")
        return rows

    def _top(self, row: Any, count: int) -> dict[str, float]:
        best = np.argsort(-row, kind="stable")[:count]
        return {self.labels[i] if self.labels else str(i): float(row[i]) for i in best.tolist()}

    def _read_labels(self, labels: str | list[str] | None) -> list[str]:
        if labels is None or isinstance(labels, (list, tuple)):
            return [str(label) for label in labels or ()]
        path = Path(hub.model_path(labels, directory=self.directory))
        return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def prepare(image: Any, params: Config) -> Any:
    """Return an image as the network takes it: uint8 (height, width, 3) in its channel order."""
    height, width = params.image_size
    if params.resize_short is None:
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        scale = params.resize_short / min(image.shape[:2])
        scale = max(scale, height / image.shape[0], width / image.shape[1])  # never less than is cut out
        size = max(width, round(image.shape[1] * scale)), max(height, round(image.shape[0] * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
        image = image[top : top + height, left : left + width]
    return np.ascontiguousarray(image[:, :, ::-1] if params.channels == "RGB" else image)


def _three(values: Sequence[float]) -> tuple[float, float, float]:
    first, second, third = map(float, values)
    return first, second, third
