"""A pipeline on tiny networks: its file, and good and bad bodies of requests."""

from __future__ import annotations

import base64
import dataclasses
import io
import tempfile
import wave
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
        parts: its ``SubPipelines`` by name: their keys, and their models as above in ``SubModules``.
        settings: further keys of its file.
        field: of a request, which holds the file.
        files: what it holds, by what that is; by default those that FILES has for the field, else PICTURES.
        more: further fields of each request.
        parameter: a parameter of its requests, with a good and a bad value; None where it has none.
        good: fields of further good requests, by what they are.
        bad: fields of further bad ones.
        is_fixed: PaddleX's own server needs the module's fix, without which it answers 500.
    """

    models: dict[str, dict[str, Any]]
    parameter: tuple[str, Any, Any] | None = None
    field: str = "image"
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    more: dict[str, Any] = dataclasses.field(default_factory=dict)
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    good: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    bad: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    is_fixed: bool = False

    def file(self, pipeline: str, models: Path, folder: Path) -> Path:
        """Write the pipeline's file into ``folder``; ``models`` has a folder for each model."""
        path = folder / f"{pipeline}.yaml"
        path.write_text(yaml.safe_dump(_placed(self.keys(pipeline), models)))
        return path

    def keys(self, pipeline: str) -> dict[str, Any]:
        """Return the keys of the pipeline's file, without the places of its models."""
        keys = {"pipeline_name": pipeline, **self.settings}
        return {**keys, "SubModules": self.models, "SubPipelines": self.parts}

    def bodies(self) -> dict[str, Any]:
        """Return at least six good bodies and six bad ones, by what they are."""
        field, files = self.field, self.files or FILES.get(self.field, PICTURES)
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
        further = {name: {**plainly, **fields} for name, fields in {**self.good, **self.bad}.items()}
        return {**good, **bad, **further}


def _placed(config: dict[str, Any], models: Path) -> dict[str, Any]:
    """Return a pipeline's keys with the place of each model in it and in its parts.

    An entry that has a ``module_name`` is no model on this machine.
    """

    def entry(part: dict[str, Any]) -> dict[str, Any]:
        if "module_name" in part:
            return part
        return {"module_name": "any", "model_dir": str(models / part["model_name"]), "batch_size": 1, **part}

    placed = {name: entry(part) for name, part in config.get("SubModules", {}).items()}
    parts = {name: _placed(part, models) for name, part in config.get("SubPipelines", {}).items()}
    return {**config, "SubModules": placed, "SubPipelines": parts}


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


def sound(pitch: int, seconds: float = 1.0) -> str:
    """Make a tone of 16 kHz, as WAV in base64."""
    times = np.arange(int(16000 * seconds)) / 16000
    samples = (9000 * np.sin(2 * np.pi * pitch * times)).astype("<i2")
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    return text_of(target.getvalue())


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
SOUNDS = {
    **{f"a tone of {pitch} Hz": sound(pitch) for pitch in (110, 440, 1700, 5000)},
    "a long one": sound(300, 3),
    "a short one": sound(900, 0.2),
}
FILES = {"csv": SERIES, "video": VIDEOS, "audio": SOUNDS}
NOTHING_OF_THE_KIND = text_of(next(iter(unreadable().values())))
THRESHOLD = ("threshold", 0.95, "half")
ATTRIBUTES = ("clsThreshold", {"default": 0.3, "1": 0.9}, "half")
