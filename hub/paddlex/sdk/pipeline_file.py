"""A pipeline's file as it is packed: its folders of models and indexes go along."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from hub import text_file
from hub.errors import ConfigError
from hub.paddlex import document
from hub.paddlex.folders import find_folder

#: Below ``server/``, where the server is started.
FOLDER: Final = "models"


@dataclass(frozen=True)
class PipelineFile:
    """A file as it is packed.

    Attributes:
        text: YAML, in the form of PaddleX 3; the file as it is where nothing in it had to change.
        folders: place below ``server/`` → the folder to copy there, which the text names by that place.
    """

    text: str
    folders: Mapping[str, Path]


def read(path: Path) -> PipelineFile:
    """Read a pipeline's file of either form, with the folders that it names.

    Raises:
        ConfigError: it cannot be read, or a folder that it names is missing.
    """
    found = document.read(path)
    keys = copy.deepcopy(found.keys)
    folders = {}
    for place, entry, key in _named(keys, ""):
        folder = find_folder(str(entry[key]), found.path)
        if folder is None:
            raise ConfigError(f"pipeline file {path}: {place}.{key}: there is no folder {entry[key]}")
        entry[key] = f"{FOLDER}/{place}"
        folders[entry[key]] = folder
    if not folders and not found.is_older and path.suffix.lower() != ".json":
        return PipelineFile(text_file.read(path, "pipeline file"), {})
    origin = f"# Made of {path.name} by `hub pack --sdk`; doc/paddlex.md has the keys.\n"
    return PipelineFile(origin + yaml.safe_dump(keys, sort_keys=False, allow_unicode=True), folders)


def _named(keys: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the name of each part that names a folder, the part, and the key that does."""
    for key in ("model_dir", "index"):
        if keys.get(key) is not None:
            yield place or str(keys.get("pipeline_name")), keys, key
    for group in ("SubModules", "SubPipelines"):
        parts = keys.get(group)
        for name, part in parts.items() if isinstance(parts, dict) else ():
            if isinstance(part, dict):
                yield from _named(part, f"{place}.{name}" if place else str(name))
