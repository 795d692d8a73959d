"""The keys of a config file, JSON or YAML, as they stand there."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from hub import text_file
from hub.errors import ConfigError
from hub.json_words import shown


def read_keys(path: str | Path) -> dict[str, Any]:
    """Return the keys of a config.json, or of the same as YAML; raises ConfigError."""
    import yaml

    is_yaml = Path(path).suffix.lower() in (".yaml", ".yml")
    text = text_file.read(path, "config file")
    if not text.strip():
        raise ConfigError(f"config file {path} is empty")
    try:
        # As JSON, YAML has no dates, no numbers as keys and nothing that holds itself.
        keys = json.loads(json.dumps(yaml.safe_load(text), default=_text) if is_yaml else text)
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        language, problem = "YAML" if is_yaml else "JSON", text_file.problem(error)
        raise ConfigError(f"config file {path} is not {language}: {problem}") from error
    if not isinstance(keys, dict):
        raise ConfigError(f"config file {path} must hold a JSON object, not {shown(keys)}")
    return keys


def _text(value: Any) -> str:
    """Return a date or time of YAML as it was written; raises TypeError for sets and bytes."""
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    raise TypeError(f"{value!r} cannot stand in a config file")
