"""PaddleHub's ``vision.utils``: files that are images, masks in colours, and two sums of style transfer."""

from __future__ import annotations

import os
from typing import Any

import cv2
import numpy as np

from hub.compat.paddlehub_api import images
from hub.compat.paddlehub_api.images import Image
from hub.compat.paddlehub_api.segmentation_transforms import ColorMap

_EXTENSIONS = (".bmp", ".dib", ".png", ".jpg", ".jpeg", ".pbm", ".pgm", ".ppm", ".tif", ".tiff")


def is_image_file(filename: str) -> bool:
    return filename.lower().endswith(_EXTENSIONS)


def get_img_file(dir_name: str) -> list[str]:
    """Paths of all image files below a folder."""
    return [
        os.path.join(parent, name)  # noqa: PTH118 - modules expect strings
        for parent, _, names in os.walk(dir_name)
        for name in names
        if is_image_file(name)
    ]


def get_pseudo_color_map(pred: Image) -> Any:
    """A mask of class numbers as a Pillow image with a palette."""
    from PIL import Image as pillow

    picture = pillow.fromarray(pred.astype(np.uint8)).convert("P")
    picture.putpalette([value for colour in ColorMap(256)() for value in colour])
    return picture


def visualize(image: str | Image, result: Image, weight: float = 0.6) -> Image:
    """An image (BGR, or its path) under its mask in colours."""
    colours = np.array(ColorMap(256)(), np.uint8)[:, ::-1]
    drawn: Image = cv2.addWeighted(
        images.read(image), weight, np.ascontiguousarray(colours[result]), 1 - weight, 0
    )
    return drawn


def subtract_imagenet_mean_batch(batch: Any) -> Any:
    """A batch (n, 3, h, w) of BGR images less ImageNet's mean colour."""
    import paddle

    return batch - paddle.to_tensor([103.939, 116.779, 123.680], dtype="float32").reshape([1, 3, 1, 1])


def gram_matrix(data: Any) -> Any:
    """How the channels of features (n, c, h, w) go together: (n, c, c)."""
    count, channels, height, width = data.shape
    features = data.reshape([count, channels, height * width])
    return features.bmm(features.transpose([0, 2, 1])) / (channels * height * width)
