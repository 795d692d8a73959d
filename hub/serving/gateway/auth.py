"""API keys: who may call. Several, with names; compared in constant time; never logged."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from werkzeug.datastructures import Headers

from hub.errors import UnauthorizedError


class KeyRing:
    """The keys of an ``api_key_file``, by name; an empty ring lets everybody in."""

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = {name: key.encode() for name, key in keys.items()}

    def check(self, headers: Headers) -> str | None:
        """Return the name of the caller's key, None where no keys are configured.

        Raises:
            UnauthorizedError: the key is missing or wrong.
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
            problem = "wrong API key" if given else "this server needs an API key"
            raise UnauthorizedError(f"{problem}; send Authorization: Bearer KEY or X-API-Key: KEY")
        return found
