"""PaddleX's ``inference.yml`` beside an exported model: its name, its dictionary, and how it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from hub.errors import ModelNotFoundError

FILE_NAME: Final = "inference.yml"
#: Keys of PostProcess that are numbers.
_THRESHOLDS: Final = ("thresh", "box_thresh", "unclip_ratio")


@dataclass(frozen=True)
class Description:
    """The content of the file; each field is empty where it says nothing.

    Attributes:
        name: PaddleX's for the model.
        dictionary: a character per class.
        thresholds: a detector's ``thresh``, ``box_thresh`` and ``unclip_ratio``.
        mean, std: how pixels are normalised, in the order of the channels.
        image_shape: a recogniser's channels, height and width.
    """

    name: str = ""
    dictionary: Sequence[str] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    image_shape: tuple[int, ...] = ()


def description(model_dir: Path) -> Description:
    """Return the description in a model folder; an empty one where it has none.

    Raises:
        ModelNotFoundError: the file is there and cannot be understood.
    """
    path = Path(model_dir) / FILE_NAME
    if not path.is_file():
        return Description()
    # The one in C is ten times as fast: a dictionary has some 20 000 lines.
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _described(yaml.load(path.read_text(encoding="utf-8-sig"), loader))
    except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise ModelNotFoundError(f"{path} cannot be read: {error}") from error


def _described(content: dict[str, Any]) -> Description:
    post = content.get("PostProcess") or {}
    steps: dict[str, Any] = {}
    for step in (content.get("PreProcess") or {}).get("transform_ops") or ():
        steps |= step
    pixels, line = steps.get("NormalizeImage") or {}, steps.get("RecResizeImg") or {}
    return Description(
        name=str((content.get("Global") or {}).get("model_name", "")),
        dictionary=tuple(str(character) for character in post.get("character_dict") or ()),
        thresholds={key: float(post[key]) for key in _THRESHOLDS if post.get(key) is not None},
        mean=tuple(float(each) for each in pixels.get("mean") or ()),
        std=tuple(float(each) for each in pixels.get("std") or ()),
        image_shape=tuple(int(each) for each in line.get("image_shape") or ()),
    )
