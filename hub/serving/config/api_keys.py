"""The file of API keys: one ``name:key`` per line, ``#`` starts a comment."""

from __future__ import annotations

from pathlib import Path

from hub import text_file
from hub.errors import ConfigError

#: Shorter keys could be guessed.
SHORTEST_KEY = 16


def read_api_keys(path: Path | None) -> dict[str, str]:
    """Return name → key; empty where no file is configured.

    Raises:
        ConfigError: unreadable, a line without name, a name twice, or a key that is too short.
    """
    if path is None:
        return {}
    lines = text_file.read(path, "api_key_file").splitlines()
    keys: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, colon, key = (part.strip() for part in text.partition(":"))
        if not colon or not name or name in keys:
            raise ConfigError(f"{path}:{number}: write name:key, each name once")
        if len(key) < SHORTEST_KEY:
            raise ConfigError(
                f"{path}:{number}: the key of {name!r} is shorter than {SHORTEST_KEY} characters"
            )
        keys[name] = key
    if not keys:
        raise ConfigError(f"api_key_file {path} has no key; write name:key lines")
    return keys
