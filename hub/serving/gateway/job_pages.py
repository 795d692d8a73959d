"""Requests that are pages of jobs: the jobs service sends them in the name of the job's owner.

It proves by a token from the run dir that it is that service. Such a request needs no key, and is what every
other one is in all else.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from hub.errors import InvalidInputError, UnauthorizedError
from hub.serving.gateway.auth import KeyRing
from hub.serving.messages.jobs import OWNER, PAGE, PATIENCE, TOKEN


class Headers(Protocol):
    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True)
class JobPage:
    """A page of a job: whose, which of the job's items, and which page of a document.

    It lets other requests go first, for ``patience`` seconds at most.
    """

    owner: str
    item: int = 0
    page: int | None = None
    patience: float = 0.0


class JobPages:
    """Tells which requests are pages."""

    def __init__(self, token: Path, keys: KeyRing) -> None:
        self._token = token
        self._keys = keys

    def found(self, headers: Headers) -> JobPage | None:
        """Return which page a request is; None for every other request.

        Raises:
            UnauthorizedError: the key of the job's owner was taken away.
        """
        given = headers.get(TOKEN, "")
        if not given or not self._is_ours(given):
            return None
        owner = unquote(headers.get(OWNER, ""))
        if owner and not self._keys.has(owner):
            raise UnauthorizedError(f"the API key {owner!r}, which made the job, is not valid any more")
        item, _, page = headers.get(PAGE, "0").partition("/")
        try:
            patience = float(headers.get(PATIENCE, "0"))
            return JobPage(owner, int(item), int(page) if page else None, patience)
        except ValueError as error:
            raise InvalidInputError(f"{PAGE} must be ITEM or ITEM/PAGE: {error}") from error

    def _is_ours(self, given: str) -> bool:
        try:
            token = self._token.read_bytes()
        except OSError:
            return False
        return hmac.compare_digest(given.encode("utf-8", "replace"), token)
