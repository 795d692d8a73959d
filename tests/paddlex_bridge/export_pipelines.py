"""Exports the tiny networks of images, videos and time series; ``export_networks.py`` calls it.

Each folder has an ``inference.json`` and an ``inference.yml``, and a name that
``tiny_pipelines.py`` knows. The networks compute something of their input, so that a wrong preparation shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import yaml
from export_models import AS_IS, COLOURS, SIZE, TO_SQUARE, Colours, Whole, save
from paddle.nn import functional

#: Points in time that a forecast is made of, and that it has.
PAST, FUTURE = 8, 4
SERIES: dict[str, Any] = {"time_col": "date", "target_cols": ["OT"], "freq": "H"}


class Rotated(Whole):
    """A detector of one upright rectangle: a row (class, score, four corners)."""

    def forward(self, image: Any, scale_factor: Any) -> Any:
        row, count = super().forward(image, scale_factor)
        left, top, right, bottom = (row[:, number : number + 1] for number in range(2, 6))
        corners = [left, top, right, top, right, bottom, left, bottom]
        return paddle.concat([row[:, :2], *corners], axis=1), count


class Masks(Whole):
    """Finds one object as large as the image, and where the image is bright in it."""

    def forward(self, im_shape: Any, image: Any, scale_factor: Any) -> Any:
        row, count = super().forward(image, scale_factor)
        height, width = (paddle.cast(SIZE / scale_factor[0, axis] + 0.5, "int32") for axis in (0, 1))
        grey = image.mean(axis=1, keepdim=True) + 0 * im_shape.mean()
        bright = functional.interpolate(grey, size=[height, width]) > 0.5
        return row, count, bright.squeeze(1).astype("int32")


class Pixels(paddle.nn.Layer):
    """(n, 3, h, w) → of each pixel the strongest colour (n, h, w), or how red it is (n, 1, h, w)."""

    def __init__(self, *, classifies: bool) -> None:
        super().__init__()
        self.classifies = classifies
        self.weigh = paddle.nn.Conv2D(3, 3, 1, bias_attr=False)
        self.weigh.weight.set_value(np.eye(3, dtype=np.float32)[:, :, None, None])

    def forward(self, image: Any) -> Any:
        weighed = self.weigh(image)
        return weighed.argmax(axis=1) if self.classifies else weighed[:, :1]


class Points(paddle.nn.Layer):
    """(n, 3, h, w) → for 17 points of a body how bright each place is, more or less (n, 17, h / 4, w / 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = paddle.nn.Conv2D(3, 17, 1, bias_attr=False)
        weights = np.linspace(0.1, 1, 51, dtype=np.float32).reshape(17, 3, 1, 1)
        self.weigh.weight.set_value(weights)

    def forward(self, image: Any) -> Any:
        points = self.weigh(functional.avg_pool2d(image, 4))
        return points, points.mean(axis=[2, 3])


class Flattened(paddle.nn.Layer):
    """A page (n, 3, h, w), a little darker to the right."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = paddle.nn.Conv2D(3, 3, 1, bias_attr=False)
        self.weigh.weight.set_value(0.9 * np.eye(3, dtype=np.float32)[:, :, None, None])

    def forward(self, image: Any) -> Any:
        return self.weigh(image)


class Frames(Colours):
    """Colours of a video (n, 3, frames, h, w) or (n, frames, 3, h, w), by its first frame."""

    def forward(self, image: Any) -> Any:
        return super().forward(image.reshape([-1, 8, 3, SIZE, SIZE])[:, 0])


class Actions(paddle.nn.Layer):
    """(n, 3, frames, h, w) → of 2 x 2 places what each of five anchors finds there (n, 5 * 8, 2, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = paddle.nn.Conv2D(3, 5 * 8, 1)
        self.weigh.weight.set_value(np.linspace(-1.5, 1.5, 120, dtype=np.float32).reshape(40, 3, 1, 1))

    def forward(self, x: Any) -> Any:
        return self.weigh(functional.adaptive_avg_pool2d(x.mean(axis=2), 2))


class Continued(paddle.nn.Layer):
    """(n, past, 1) → (n, future, 1): means of the past, each of a little more of it."""

    def __init__(self, future: int) -> None:
        super().__init__()
        self.weigh = paddle.nn.Linear(PAST, future, bias_attr=False)
        means = [[1 / (count + 1) if row <= count else 0 for count in range(future)] for row in range(PAST)]
        self.weigh.weight.set_value(np.array(means, np.float32))

    def forward(self, past_target: Any) -> Any:
        return self.weigh(past_target.transpose([0, 2, 1])).transpose([0, 2, 1])


class Trend(paddle.nn.Layer):
    """(n, past, 1) and its mask → three classes by the mean of what the mask leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = paddle.nn.Linear(1, 3)
        self.weigh.weight.set_value(np.array([[-1.0, 0.0, 1.0]], np.float32))

    def forward(self, features: Any, pad_mask: Any) -> Any:
        return self.weigh((features * pad_mask.unsqueeze(-1)).mean(axis=1))


def spec(name: str, *shape: int | None, dtype: str = "float32") -> Any:
    return paddle.static.InputSpec(list(shape), dtype, name=name)


def save_plain(folder: Path, name: str, network: Any, inputs: list[Any], settings: dict[str, Any]) -> None:
    """Save a network whose ``inference.yml`` has other keys than those of ``save``."""
    network.eval()
    paddle.jit.save(network, str(folder / "inference"), input_spec=inputs)
    (folder / "inference.yml").write_text(yaml.safe_dump({"Global": {"model_name": name}, **settings}))


def main(folder: Path) -> None:
    image, scale = spec("image", None, 3, SIZE, SIZE), spec("scale_factor", None, 2)
    for name in ("PicoDet-S", "PP-YOLOE_plus_SOD-L", "PP-YOLOE-L_human", "PP-YOLOE-L_vehicle"):
        save(folder / name, name, Whole(), [image, scale], None, None)
    save(folder / "PP-YOLOE-R-L", "PP-YOLOE-R-L", Rotated(), [image, scale], None, None)
    shape = spec("im_shape", None, 2)
    save(folder / "Mask-RT-DETR-S", "Mask-RT-DETR-S", Masks(), [shape, image, scale], None, None)
    attributes = {"MultiLabelThreshOutput": {"threshold": 0.04, "label_list": COLOURS}}
    for name in ("PP-LCNet_x1_0_pedestrian_attribute", "PP-LCNet_x1_0_vehicle_attribute"):
        save(folder / name, name, Colours(), [image], TO_SQUARE, attributes)
    any_size = [spec("image", None, 3, None, None)]
    normalised = {"type": "Normalize", "mean": AS_IS["mean"], "std": AS_IS["std"]}
    save_plain(
        folder / "PP-LiteSeg-T",
        "PP-LiteSeg-T",
        Pixels(classifies=True),
        any_size,
        {"Deploy": {"transforms": [normalised]}},
    )
    square = {"type": "Resize", "target_size": [SIZE, SIZE]}
    red = {"Deploy": {"transforms": [square, normalised]}}
    save_plain(folder / "STFPM", "STFPM", Pixels(classifies=False), any_size, red)
    best = {"Topk": {"topk": 3, "label_list": COLOURS}}
    save(folder / "PP-LCNet_x0_5", "PP-LCNet_x0_5", Colours(), [image], TO_SQUARE, best)
    sides = {"Topk": {"topk": 1, "label_list": ["0", "90", "180"]}}
    save(folder / "PP-LCNet_x1_0_doc_ori", "PP-LCNet_x1_0_doc_ori", Colours(), [image], TO_SQUARE, sides)
    save_plain(folder / "UVDoc", "UVDoc", Flattened(), any_size, {})
    save(folder / "PP-YOLOE-S_human", "PP-YOLOE-S_human", Whole(), [image, scale], None, None)
    width, height = 96, 128
    upright = [{"type": "TopDownEvalAffine", "trainsize": [width, height]}]
    prepared = [*upright, {"type": "NormalizeImage", **AS_IS}, {"type": "Permute"}]
    body = {"Preprocess": prepared, "label_list": ["point"]}
    crop = [spec("image", None, 3, height, width)]
    save_plain(folder / "PP-TinyPose_128x96", "PP-TinyPose_128x96", Points(), crop, body)
    shown = [
        {"ReadVideo": {"num_seg": 8, "sample_type": "uniform"}},
        {"Scale": {"short_size": SIZE}},
        {"CenterCrop": {"target_size": SIZE}},
        {"Image2Array": {"data_format": "tchw"}},
        {"NormalizeVideo": AS_IS},
    ]
    name = "PP-TSMv2-LCNetV2_8frames_uniform"
    save(folder / name, name, Frames(), [spec("x", None, 8, 3, SIZE, SIZE)], shown, best)
    name = "YOWO"
    shown = [
        {"ReadVideo": {"num_seg": 8}},
        {"ResizeVideo": {"target_size": SIZE}},
        {"Image2Array": {"data_format": "tchw"}},
        {"NormalizeVideo": {"scale": 255.0}},
    ]
    found = {"transform_ops": [{"DetVideoPostProcess": {"nms_thresh": 0.5, "score_thresh": 0.1}}]}
    settings = {"PreProcess": {"transform_ops": shown}, "PostProcess": found, "label_list": COLOURS}
    save_plain(folder / name, name, Actions(), [spec("x", None, 3, None, SIZE, SIZE)], settings)
    for name in ("PP-YOLOE_plus-S_face", "PP-ShiTuV2_det"):
        save(folder / name, name, Whole(), [image, scale], None, None)
    for name in ("ResNet50_face", "PP-ShiTuV2_rec"):
        save(folder / name, name, Colours(), [image], TO_SQUARE, {"NormalizeFeatures": None})
    _save_series(folder)


def _save_series(folder: Path) -> None:
    past = spec("past_target", None, PAST, 1)
    size = {"in_chunk_len": PAST, "out_chunk_len": FUTURE, "skip_chunk_len": 0}
    told = {"size": size, "info_params": SERIES, "input_data": {"past_target": [PAST, 1]}}
    save_plain(folder / "DLinear", "DLinear", Continued(FUTURE), [past], told)
    save_plain(folder / "DLinear_ad", "DLinear_ad", Continued(PAST), [past], {**told, "model_threshold": 2.0})
    inputs = {"features": [PAST, 1], "pad_mask": [PAST]}
    grouped = {**SERIES, "group_id": "group_id", "time_col": "time", "freq": 1}
    save_plain(
        folder / "TimesNet_cls",
        "TimesNet_cls",
        Trend(),
        [spec("features", None, PAST, 1), spec("pad_mask", None, PAST)],
        {"size": size, "info_params": grouped, "input_data": inputs},
    )
