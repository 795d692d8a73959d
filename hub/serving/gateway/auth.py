"""API keys: who may call. Several, with names; compared in constant time; never logged."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from hub.errors import ConfigError, UnauthorizedError
from hub.serving.config.api_keys import read_api_keys

log = logging.getLogger("hub.gateway")


class Headers(Protocol):
    def get(self, name: str, default: str, /) -> str: ...


class KeyRing:
    """The keys of an ``api_key_file``, by name; an empty ring lets everybody in.

    The file is looked at again at each check, so that a key that was taken out of it opens nothing from then
    on. A file that is gone or cannot be read changes nothing but the log.
    """

    def __init__(self, keys: Mapping[str, str], path: Path | None = None) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._take(keys)

    @classmethod
    def of(cls, path: Path | None) -> Self:
        """Read a file; without one, everybody is let in.  Raises ConfigError for a wrong one."""
        stamp = _stamp(path)
        ring = cls(read_api_keys(path), path)
        ring._stamp = stamp  # of before it was read: a change meanwhile is seen at the next check
        return ring

    def _take(self, keys: Mapping[str, str]) -> None:
        self._keys = {name: key.encode() for name, key in keys.items()}

    def _look_again(self) -> None:
        """Take the file's keys if it has changed."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._take(read_api_keys(self._path))
        except ConfigError as error:
            log.error("%s; the keys of before go on", error)
        else:
            log.info("the keys are those that %s has now", self._path)

    def has(self, name: str) -> bool:
        """Tell whether there is a key of that name, or no keys are configured."""
        if self._path is not None:
            self._look_again()
        return not self._keys or name in self._keys

    def check(self, headers: Headers) -> str | None:
        """Return the name of the caller's key, None where no keys are configured.

        Raises:
            UnauthorizedError: the key is missing or wrong.
        """
        if self._path is not None:
            self._look_again()
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


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None where it cannot be looked at."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_ino, found.st_size)
