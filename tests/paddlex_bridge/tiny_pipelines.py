"""Pipelines on the networks of ``export_pipelines.py``: their files, and good and bad bodies of requests."""

from __future__ import annotations

import base64
import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from PIL import Image

from tests.serving.pictures import encode, plain, png, text_of, unreadable


@dataclass(frozen=True)
class Tiny:
    """A pipeline.

    Attributes:
        models: names of its models' entries → the model, and further keys of the entry.
        parameter: a parameter of its requests, with a good and a bad value; None where it has none.
        field: of a request, which holds the file.
        more: further fields of each request.
        settings: further keys of its file.
        within: by its name, the pipeline that the models belong to instead.
        is_fixed: PaddleX's own server needs the module's fix, without which it answers 500.
    """

    models: dict[str, dict[str, Any]]
    parameter: tuple[str, Any, Any] | None = None
    field: str = "image"
    more: dict[str, Any] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    is_fixed: bool = False
    within: tuple[str, dict[str, Any]] | None = None

    def file(self, pipeline: str, models: Path, folder: Path) -> Path:
        """Write the pipeline's file into ``folder``."""
        parts = {
            entry: {
                "module_name": "any",
                "model_dir": str(models / part["model_name"]),
                "batch_size": 1,
                **part,
            }
            for entry, part in self.models.items()
        }
        keys: dict[str, Any] = {"SubModules": parts}
        if self.within is not None:
            name, settings = self.within
            keys = {"SubPipelines": {name: {**settings, **keys}}}
        path = folder / f"{pipeline}.yaml"
        path.write_text(yaml.safe_dump({"pipeline_name": pipeline, **self.settings, **keys}))
        return path

    def bodies(self) -> dict[str, Any]:
        """Return at least six good bodies and six bad ones, by what they are."""
        field, files = self.field, FILES.get(self.field, PICTURES)
        plainly = {field: next(iter(files.values())), "visualize": False, **self.more}
        good = {name: {**plainly, field: data} for name, data in files.items()}
        good["with a picture in the reply"] = {field: plainly[field], **self.more}
        good["unknown fields"] = {**plainly, "more": [1], "logId": "a"}
        bad = {
            "nothing": {},
            "another field": {"picture": "", "logId": "mine"},
            "a number": {field: 5, **self.more},
            "no base64": {field: "%%%", **self.more},
            "no such file": {field: NOTHING_OF_THE_KIND, "logId": "mine", **self.more},
            "an odd switch": {**plainly, "visualize": "perhaps"},
        }
        if self.parameter is not None:
            name, right, wrong = self.parameter
            good["a parameter"] = {**plainly, name: right}
            bad["a wrong parameter"] = {**plainly, name: wrong}
        return {**good, **bad}


def one(entry: str, name: str, **keys: Any) -> dict[str, dict[str, Any]]:
    return {entry: {"model_name": name, **keys}}


def series(rows: int, step: int = 1, level: int = 0) -> str:
    """Hours and values as CSV, in base64; the columns are those of all three kinds of time series."""
    lines = ["date,OT,time,group_id"]
    lines += [f"2024-01-01 {hour * step:02}:00:00,{hour % 5 + level},{hour},1" for hour in range(rows)]
    return base64.b64encode("\n".join(lines).encode()).decode()


def video(shade: int) -> str:
    """Ten frames that grow redder, as AVI in base64."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (32, 24))
        for number in range(10):
            writer.write(np.full((24, 32, 3), (shade // 2, 40, max(0, shade - number)), np.uint8))
        writer.release()
        return text_of(path.read_bytes())


PICTURES = {
    "a picture": text_of(png()),
    "a tall one": text_of(encode(plain(24, 90))),
    "a bright one": text_of(encode(plain(64, 64, colour=(250, 240, 230)))),
    "a JPEG": text_of(encode(plain(), "JPEG")),
    "a grey one": text_of(encode(plain(mode="L", colour=99))),
    "one that grows brighter": text_of(encode(Image.linear_gradient("L").convert("RGB"))),
}
SERIES = {
    "a series": series(8),
    "a low one": series(8, level=-9),
    "a high one": series(8, level=9),
    "a middling one": series(8, level=-2),
    "a longer one": series(20),
    "a short one": series(3),
    "every second hour": series(10, 2),
    "no rows": series(0),
}
VIDEOS = {f"a video in {shade}": video(shade) for shade in (30, 90, 150, 210, 250)}
FILES = {"csv": SERIES, "video": VIDEOS}
NOTHING_OF_THE_KIND = text_of(next(iter(unreadable().values())))
THRESHOLD = ("threshold", 0.95, "half")
ATTRIBUTES = ("clsThreshold", {"default": 0.3, "1": 0.9}, "half")

PIPELINES: dict[str, Tiny] = {
    "image_classification": Tiny(
        one("ImageClassification", "PP-LCNet_x0_5", topk=2), ("topk", 1, 0), is_fixed=True
    ),
    "doc_preprocessor": Tiny(
        {**one("DocOrientationClassify", "PP-LCNet_x1_0_doc_ori"), **one("DocUnwarping", "UVDoc")},
        ("useDocUnwarping", False, "sometimes"),
        field="file",
        more={"fileType": 1},
        settings={"use_doc_orientation_classify": True, "use_doc_unwarping": True},
        is_fixed=True,
    ),
    "seal_recognition": Tiny(
        {
            **one("TextDetection", "PP-OCRv4_server_seal_det", limit_side_len=64, limit_type="min"),
            **one("TextRecognition", "PP-OCRv4_server_rec", score_thresh=0.0),
        },
        ("sealDetThresh", 0.6, "half"),
        field="file",
        more={"fileType": 1},
        settings={"use_doc_preprocessor": False, "use_layout_detection": False},
        within=(
            "SealOCR",
            {
                "pipeline_name": "OCR",
                "text_type": "seal",
                "use_doc_preprocessor": False,
                "use_textline_orientation": False,
            },
        ),
    ),
    "video_classification": Tiny(
        one("VideoClassification", "PP-TSMv2-LCNetV2_8frames_uniform", topk=1),
        ("topk", 2, 0),
        field="video",
        is_fixed=True,
    ),
    "human_keypoint_detection": Tiny(
        {
            **one("ObjectDetection", "PP-YOLOE-S_human", threshold=None, img_size=None),
            **one("KeypointDetection", "PP-TinyPose_128x96", flip=False, use_udp=None),
        },
        ("detThreshold", 0.95, "half"),
    ),
    "object_detection": Tiny(one("ObjectDetection", "PicoDet-S"), THRESHOLD),
    "small_object_detection": Tiny(
        one("SmallObjectDetection", "PP-YOLOE_plus_SOD-L", threshold=0.5), THRESHOLD
    ),
    "rotated_object_detection": Tiny(one("RotatedObjectDetection", "PP-YOLOE-R-L", threshold=0.5), THRESHOLD),
    "instance_segmentation": Tiny(one("InstanceSegmentation", "Mask-RT-DETR-S", threshold=0.5), THRESHOLD),
    "semantic_segmentation": Tiny(
        one("SemanticSegmentation", "PP-LiteSeg-T", target_size=None), ("targetSize", 32, "large")
    ),
    "anomaly_detection": Tiny(one("AnomalyDetection", "STFPM")),
    "pedestrian_attribute_recognition": Tiny(
        {
            **one("Detection", "PP-YOLOE-L_human", threshold=0.5),
            **one("Classification", "PP-LCNet_x1_0_pedestrian_attribute", threshold=0.2),
        },
        ATTRIBUTES,
    ),
    "vehicle_attribute_recognition": Tiny(
        {
            **one("Detection", "PP-YOLOE-L_vehicle", threshold=0.5),
            **one("Classification", "PP-LCNet_x1_0_vehicle_attribute", threshold=0.2),
        },
        ATTRIBUTES,
    ),
    "ts_forecast": Tiny(one("TSForecast", "DLinear"), field="csv"),
    "ts_anomaly_detection": Tiny(one("TSAnomalyDetection", "DLinear_ad"), field="csv"),
    "ts_classification": Tiny(one("TSClassification", "TimesNet_cls"), field="csv"),
}
