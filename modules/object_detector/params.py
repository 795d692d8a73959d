"""Which model object_detector serves and how its images are prepared.

Edit and install, or leave this file alone and give the same names in ``init_args`` of the config file.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from hub.errors import ConfigError


@dataclass(frozen=True)
class Config:
    #: Folder with one .pdmodel (or .json) and its .pdiparams, or with one .onnx file.
    model_dir: str = ""
    #: A file with one label a line, or a list; without it the labels are the numbers of the classes.
    labels: str | list[str] | None = None

    #: Height and width of what the network takes.
    image_size: tuple[int, int] = (640, 640)
    #: True fits the image in and fills the rest with zeros; False stretches it.
    keep_ratio: bool = False
    #: "RGB" or "BGR": the channel order the network was trained with. mean and std are in that order.
    channels: str = "RGB"
    #: (pixel / 255 - mean) / std.
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    #: Less certain objects are left out; a request may say otherwise.
    score_thresh: float = 0.5


def read_params(**changes: Any) -> Config:
    """Return the parameters, with ``init_args`` over them.

    Raises:
        ConfigError: an unknown name, or a value that cannot be meant.
    """
    known = [field.name for field in fields(Config)]
    for name in changes:
        if name not in known:
            raise ConfigError(
                f"object_detector: unknown init_args {name!r}; known are {', '.join(known)}, use_gpu"
            )
    config = replace(Config(), **changes)
    if not config.model_dir:
        raise ConfigError(
            "object_detector: no model; set model_dir in init_args of the config file (or in params.py) "
            "to the folder of an exported detector"
        )
    for name, length in (("image_size", 2), ("mean", 3), ("std", 3)):
        value = getattr(config, name)
        if not isinstance(value, (list, tuple)) or len(value) != length:
            raise ConfigError(f"object_detector: {name} is {value!r}; it needs {length} numbers")
    if config.channels not in ("RGB", "BGR"):
        raise ConfigError(f"object_detector: channels is {config.channels!r}; allowed are RGB and BGR")
    return config
