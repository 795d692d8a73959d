"""Tiny networks as Paddle 3 exports them: ``inference.json``, ``inference.pdiparams``, ``inference.yml``.

What is dark is text, and every dark piece of a line is read as one character, so a test knows the answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

CHARACTER = "墨"
#: How the detector wants its pixels, and its thresholds; none of these is anybody's default.
MEAN, STD = [0.5, 0.25, 0.5], [0.5, 0.75, 0.5]
THRESHOLDS = {"thresh": 0.35, "box_thresh": 0.55, "unclip_ratio": 1.7}


def _dynamic_paddle() -> Any:
    """Return Paddle in the mode that layers are made in, whatever ran before in this process."""
    import paddle

    paddle.disable_static()
    return paddle


def export_detector(folder: Path, *, enlarged: bool = True) -> Path:
    """A detector; one that is ``enlarged`` at its end is of those on which Paddle 3.3 fails with oneDNN."""
    paddle = _dynamic_paddle()

    class Detector(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            step = 2 if enlarged else 1
            self.weigh = paddle.nn.Conv2D(3, 1, step, stride=step, bias_attr=False)
            self.weigh.weight.set_value(np.full((1, 3, step, step), -8 / (3 * step * step), np.float32))

        def forward(self, image: Any) -> Any:
            dark = paddle.nn.functional.sigmoid(self.weigh(image))
            return paddle.nn.functional.interpolate(dark, scale_factor=2.0) if enlarged else dark

    steps = [{"NormalizeImage": {"mean": MEAN, "std": STD, "scale": "1./255.", "order": "hwc"}}]
    _save(
        folder, Detector(), [None, 3, None, None], "mine_det", steps, {"name": "DBPostProcess", **THRESHOLDS}
    )
    return folder


def export_recognizer(folder: Path, *, character: str = CHARACTER) -> Path:
    """A recogniser of a blank, a character and the space; without a character it has no dictionary."""
    paddle = _dynamic_paddle()

    class Recognizer(paddle.nn.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.weigh = paddle.nn.Linear(1, 3)
            self.weigh.weight.set_value(np.array([[8, -8, 0]], np.float32))
            self.weigh.bias.set_value(np.array([0, 0, -9], np.float32))

        def forward(self, line: Any) -> Any:
            shade = -paddle.nn.functional.max_pool2d(-line, (48, 8), (48, 8)).mean(axis=1)
            return paddle.nn.functional.softmax(self.weigh(shade.transpose([0, 2, 1])))

    steps = [{"RecResizeImg": {"image_shape": [3, 48, 320]}}]
    after = {"name": "CTCLabelDecode", **({"character_dict": [character]} if character else {})}
    _save(folder, Recognizer(), [None, 3, 48, None], "mine_rec", steps, after)
    return folder


def _save(
    folder: Path, network: Any, shape: list[int | None], name: str, before: list[Any], after: dict[str, Any]
) -> None:
    import paddle

    network.eval()
    spec = [paddle.static.InputSpec(shape, "float32", name="x")]
    paddle.jit.save(network, str(folder / "inference"), input_spec=spec)
    described = {
        "Global": {"model_name": name},
        "PreProcess": {"transform_ops": [{"DecodeImage": {"img_mode": "BGR"}}, *before, {"KeepKeys": None}]},
        "PostProcess": after,
    }
    (folder / "inference.yml").write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
