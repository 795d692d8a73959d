"""API keys: who may call. Several, with names; compared in constant time; never logged."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path

from werkzeug.datastructures import Headers

from hub.errors import ConfigError, UnauthorizedError

#: Shorter keys could be guessed.
SHORTEST_KEY = 16


class KeyRing:
    """The keys of an ``api_key_file``; an empty ring lets everybody in."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = {name: key.encode() for name, key in keys.items()}

    @classmethod
    def from_file(cls, path: Path | None) -> KeyRing:
        """Read ``name:key`` lines; ``#`` starts a comment.

        Raises:
            ConfigError: unreadable, a line without name, a key twice named or too short.
        """
        if path is None:
            return cls({})
        try:
            lines = path.read_text().splitlines()
        except OSError as error:
            raise ConfigError(f"api_key_file {path}: {error.strerror}") from error
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
        return cls(keys)

    def check(self, headers: Headers) -> str | None:
        """Name of the caller's key, None where no keys are configured.

        Raises UnauthorizedError for a missing or wrong key.
        """
        if not self._keys:
            return None
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        given = (token.strip() if scheme.lower() == "bearer" else headers.get("X-API-Key", "")).encode()
        found = None
        for name, key in self._keys.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(given, key):
                found = name
        if found is None:
            what = "wrong API key" if given else "this server needs an API key"
            raise UnauthorizedError(f"{what}; send Authorization: Bearer KEY or X-API-Key: KEY")
        return found
