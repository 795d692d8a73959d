"""Exports tiny networks as PaddleX wants them; run by the Python that has PaddleX:

    python export_models.py FOLDER

Each folder below FOLDER gets a network and its inference.yml. Their answers follow from the mean colour of an
image, so a test knows them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import yaml

SIZE = 16
COLOURS = ["red", "green", "blue"]
AS_IS = {"mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}
TO_SQUARE = [
    {"ResizeImage": {"size": [SIZE, SIZE]}},
    {"NormalizeImage": {**AS_IS, "scale": 1 / 255, "order": ""}},
    {"ToCHWImage": None},
]


class Colours(paddle.nn.Layer):
    """How much of red, green and blue there is in (n, 3, h, w): probabilities (n, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = paddle.nn.Linear(3, 3, bias_attr=False)
        self.weigh.weight.set_value(4 * np.eye(3, dtype=np.float32))

    def forward(self, image: Any) -> Any:
        return paddle.nn.functional.softmax(self.weigh(image.mean(axis=[2, 3])))


class Whole(paddle.nn.Layer):
    """A detector that finds one object, as large as the image: a row (class, score, x1, y1, x2, y2)."""

    def __init__(self) -> None:
        super().__init__()
        self.place = paddle.nn.Linear(2, 6)
        height, width = [0, 0, 0, 0, 0, SIZE], [0, 0, 0, 0, SIZE, 0]
        self.place.weight.set_value(np.array([height, width], np.float32))
        self.place.bias.set_value(np.array([0, 0.9, 0, 0, 0, 0], np.float32))

    def forward(self, image: Any, scale_factor: Any) -> Any:
        nothing = 0 * image.mean(axis=[1, 2, 3], keepdim=True).reshape([-1, 1])
        return self.place(1 / scale_factor) + nothing, paddle.ones([1], "int32")


def main(folder: Path) -> None:
    image = paddle.static.InputSpec([None, 3, SIZE, SIZE], "float32", name="image")
    top = {"Topk": {"topk": 3, "label_list": COLOURS}}
    several = {"MultiLabelThreshOutput": {"threshold": 0.04, "label_list": COLOURS}}
    save(folder / "classifier", "PP-LCNet_x0_5", Colours(), [image], TO_SQUARE, top)
    save(folder / "tagger", "PP-LCNet_x1_0_ML", Colours(), [image], TO_SQUARE, several)
    save(folder / "features", "PP-ShiTuV2_rec", Colours(), [image], TO_SQUARE, {"NormalizeFeatures": None})
    scale = paddle.static.InputSpec([None, 2], "float32", name="scale_factor")
    save(folder / "detector", "PP-ShiTuV2_det", Whole(), [image, scale], None, None)


def save(
    folder: Path, name: str, network: Any, inputs: list[Any], before: list[Any] | None, after: Any
) -> None:
    network.eval()
    paddle.jit.save(network, str(folder / "inference"), input_spec=inputs)
    if before is None:
        settings = {
            "Preprocess": [
                {"type": "Resize", "target_size": [SIZE, SIZE], "keep_ratio": False, "interp": 2},
                {"type": "NormalizeImage", **AS_IS},
                {"type": "Permute"},
            ],
            "label_list": ["thing"],
            "draw_threshold": 0.5,
        }
    else:
        settings = {"PreProcess": {"transform_ops": before}, "PostProcess": after}
    (folder / "inference.yml").write_text(yaml.safe_dump({"Global": {"model_name": name}, **settings}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
