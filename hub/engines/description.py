"""PaddleX's ``inference.yml`` beside an exported model, with its name and its dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hub.errors import ModelNotFoundError

FILE_NAME: Final = "inference.yml"


@dataclass(frozen=True)
class Description:
    """``name`` is PaddleX's for the model, "" for none; ``dictionary`` has a character per class."""

    name: str = ""
    dictionary: Sequence[str] = ()


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
        content = yaml.load(path.read_text(encoding="utf-8"), loader)
        name = content.get("Global", {}).get("model_name", "")
        dictionary = content.get("PostProcess", {}).get("character_dict") or ()
        return Description(str(name), tuple(str(character) for character in dictionary))
    except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise ModelNotFoundError(f"{path} cannot be read: {error}") from error
