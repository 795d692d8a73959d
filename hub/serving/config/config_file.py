"""The file that a person writes a server's settings in: JSON, or the same as YAML."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from hub import text_file
from hub.errors import ConfigError


def read_keys(path: str | Path) -> dict[str, Any]:
    """Return the keys of a config.json, or of the same as YAML; raises ConfigError."""
    import yaml

    is_yaml = Path(path).suffix.lower() in (".yaml", ".yml")
    text = text_file.read(path, "config file")
    try:
        # As JSON, YAML has no dates, no numbers as keys and nothing that holds itself.
        keys = json.loads(json.dumps(yaml.safe_load(text), default=_text) if is_yaml else text)
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"config file {path} is not {'YAML' if is_yaml else 'JSON'}: {error}") from error
    if not isinstance(keys, dict):
        raise ConfigError(f"config file {path} must hold a JSON object, not {type(keys).__name__}")
    return keys


def _text(value: Any) -> str:
    """Return a date or time of YAML as it was written; raises TypeError for sets and bytes."""
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    raise TypeError(f"{value!r} cannot stand in a config file")
