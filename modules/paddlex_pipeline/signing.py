"""Signs what PaddleX gives out to be given back, so that it takes back only what it gave out.

``/chatocr-vector`` answers with an index, ``vectorInfo``, and ``/chatocr-chat`` unpickles the one that a
request brings: whoever could make one up could run any code here. The signature is one key more in it,
which PaddleX never sees. Standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hub.errors import ConfigError

#: The key of a reply's result, and of a request, whose object is signed.
SIGNED: Final = "vectorInfo"
SIGNATURE: Final = "signature"
#: No key of an index begins with a dot, so none names this file.
KEY_FILE: Final = ".signing-key"
_KEY_BYTES: Final = 32


class Signer:
    """Signs and checks with a key that all runners share.

    Args:
        folder: of the key; both are made when they are first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder.absolute() / KEY_FILE
        self._key = b""

    def sign(self, reply: Any) -> None:
        """Add the signature to what a reply gives out, if it does; raises ConfigError."""
        result = reply.get("result") if isinstance(reply, dict) else None
        given = result.get(SIGNED) if isinstance(result, dict) else None
        if isinstance(given, dict):
            given[SIGNATURE] = self._signature(given)

    def refusal(self, body: dict[str, Any]) -> str | None:
        """Take the signature off what a request brings back; return why it is not passed on, or None.

        Raises:
            ConfigError: the key cannot be read or made.
        """
        brought = body.get(SIGNED)
        if brought is None:
            return None
        if isinstance(brought, dict):
            rest = {name: value for name, value in brought.items() if name != SIGNATURE}
            given = brought.get(SIGNATURE)
            if isinstance(given, str) and hmac.compare_digest(given.encode(), self._signature(rest).encode()):
                body[SIGNED] = rest
                return None
        return (
            f"body.{SIGNED} is not one that this server gave out, or was changed since: send the reply's "
            f"{SIGNED} as it is, with its {SIGNATURE}; one from an earlier server must be made again"
        )

    def _signature(self, content: Mapping[str, Any]) -> str:
        # Callers who keep a reply may write it in other order, with other blanks and escapes.
        text = json.dumps({SIGNED: content}, sort_keys=True, separators=(",", ":"))
        return hmac.new(self._load_key(), text.encode(), hashlib.sha256).hexdigest()

    def _load_key(self) -> bytes:
        if not self._key:
            try:
                self._key = _read_or_make(self._path)
            except OSError as error:
                raise ConfigError(
                    f"the key that signs {SIGNED} cannot be kept in {self._path}: {error.strerror or error}; "
                    "start the server where it can write, or set Serving.extra.index_storage"
                ) from error
        return self._key


def _read_or_make(path: Path) -> bytes:
    """Return the key, made by whichever runner comes first.

    Raises:
        OSError. ConfigError: others can read it, or it is something else.
    """
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} can be read by others; delete it, and a new one is made")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"{path} has not the {_KEY_BYTES} bytes of a key; delete it, and a new one is made")
    return key


def _make(path: Path) -> None:
    """Put a new key there, whole, unless somebody did meanwhile; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".new-{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
