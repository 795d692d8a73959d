"""Reads a pipeline's YAML file: which pipeline it describes, and its keys in the form of PaddleX 3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub import text_file
from hub.errors import ConfigError
from hub.json_words import shown
from hub.paddlex import names, older_file
from hub.suggestion import closest

#: A ``--pipeline`` with one of these endings is a file and not a name. JSON is YAML, too.
SUFFIXES: Final = (".yaml", ".yml", ".json")


#: Keys about the server, which people put into a pipeline's file.
_SERVER_KEYS: Final = ("server", "Server", "host", "port")


@dataclass(frozen=True)
class Document:
    """A pipeline's file.

    Attributes:
        path: the file; the models' folders may be named relative to its folder.
        pipeline: the pipeline's name.
        keys: its content, in the form of PaddleX 3.
        is_older: whether it has the form of PaddleX's 2024 releases.
    """

    path: Path
    pipeline: str
    keys: dict[str, Any]
    is_older: bool = False


def describes_pipeline(keys: object) -> bool:
    """Tell whether a file's content is PaddleX's, of either form, and not HubServing's own config."""
    return isinstance(keys, dict) and ("pipeline_name" in keys or "Global" in keys)


def load(path: str | Path) -> Any:
    """Return the content of any YAML file; "None" in it is null, as PaddleX reads it.

    Raises:
        ConfigError: there is no such file, or it is not YAML.
    """
    import yaml

    try:
        text = text_file.read(path, "pipeline file")
    except ConfigError as error:
        stem = Path(path).stem
        if Path(path).exists() or stem not in names.PIPELINES:
            raise
        raise ConfigError(f"{error}; to name the pipeline itself, leave the suffix out: {stem}") from error
    if not text.strip():
        raise ConfigError(f"pipeline file {path} is empty")
    try:
        return _with_nulls(yaml.safe_load(text))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"pipeline file {path} is not YAML: {text_file.problem(error)}") from error


def read(path: str | Path, keys: Any = None) -> Document:
    """Read a pipeline's file of either form; ``keys`` is its content, where it has been read before.

    Raises:
        ConfigError: it cannot be read, or does not describe a known pipeline.
    """
    keys = load(path) if keys is None else _with_nulls(keys)
    if not isinstance(keys, dict):
        raise ConfigError(f"pipeline file {path} must hold keys and values, not {shown(keys)}")
    if "modules_info" in keys:
        raise ConfigError(
            f"{path} is a config file of HubServing; start it with: hub serving start -c {path}"
        )
    if "pipeline_name" in keys or "Global" in keys:
        _refuse_server_keys(keys, path)
    place = Path(path).absolute()
    if "Global" in keys:
        name, translated = older_file.translated(keys, place)
        return Document(place, name, translated, is_older=True)
    if "pipeline_name" not in keys:
        meant = closest("pipeline_name", keys)
        hint = f"; is {meant!r} meant?" if meant else ""
        raise ConfigError(f"pipeline file {path}: 'pipeline_name' is missing{hint}")
    try:
        name = names.known(str(keys["pipeline_name"]))
    except ConfigError as error:
        raise ConfigError(f"pipeline file {path}: {error}") from error
    return Document(place, name, {**keys, "pipeline_name": name})


def _refuse_server_keys(keys: dict[str, Any], path: str | Path) -> None:
    """Raise ConfigError for keys about the server, which no pipeline's file has."""
    for key in _SERVER_KEYS:
        if key in keys:
            raise ConfigError(
                f"pipeline file {path}: {key!r} is not a key of a pipeline; where to listen and on what, "
                "the command line says: --host, --port, --device"
            )


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_nulls(each) for key, each in value.items()}
    return None if value == "None" else value
