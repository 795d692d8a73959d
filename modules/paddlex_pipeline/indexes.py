"""The indexes of image and face recognition, in a folder that all runners share.

PaddleX keeps an index as one file, reads it for each request, and rewrites it to add or remove images. With
several runners that needs three things more: a name that cannot leave the folder (what is read is
unpickled), a file that appears whole, and one change of an index at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import uuid
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from hub.errors import ConfigError

#: Where PaddleX puts indexes unless its configuration says otherwise: below the working directory.
DEFAULT_FOLDER: Final = ".index"
#: Ends of the routes that read an index, change it and write it back.
CHANGING: Final = ("-index-add", "-index-remove")
#: Files to lock; several indexes share one, so that callers cannot fill the folder with them.
LOCKS: Final = 16
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\Z")


class Storage(Protocol):
    """The interface of PaddleX's places for indexes."""

    def get(self, key: str) -> bytes: ...
    def set(self, key: str, value: bytes) -> None: ...
    def delete(self, key: str) -> None: ...


class SharedIndexes:
    """PaddleX's storage, made fit for several processes.

    Args:
        inner: what PaddleX built from its configuration.
        folder: where locks lie, and the indexes themselves where ``in_folder``.
        in_folder: False for indexes in an object store, which replaces them whole by itself.
    """

    def __init__(self, inner: Storage, folder: Path, *, in_folder: bool) -> None:
        self._inner = inner
        self._folder = folder.absolute()
        self._in_folder = in_folder
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> bytes:
        return self._inner.get(_checked(key))

    def delete(self, key: str) -> None:
        self._inner.delete(_checked(key))

    def set(self, key: str, value: bytes) -> None:
        _checked(key)
        if not self._in_folder:
            self._inner.set(key, value)
            return
        fresh = self._folder / f".new-{uuid.uuid4().hex}"
        try:
            with fresh.open("xb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._folder / key)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def changing(self, endpoint: str, body: Mapping[str, Any]) -> Iterator[None]:
        """Keep others from changing the index that the request is about; the lock dies with its holder."""
        key = body.get("indexKey")
        if not endpoint.endswith(CHANGING) or not isinstance(key, str) or not _KEY.match(key):
            yield
            return
        number = zlib.crc32(key.encode()) % LOCKS
        with (self._folder / f".lock-{number}").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def shared(inner: Storage, config: Mapping[str, Any] | None) -> SharedIndexes:
    """Wrap the storage that PaddleX made of ``Serving.extra.index_storage``.

    Raises:
        ConfigError: it is in memory, where each runner would have indexes of its own.
    """
    config = config or {"type": "file_system", "directory": DEFAULT_FOLDER}
    kind = config.get("type")
    if kind == "memory":
        raise ConfigError(
            "Serving.extra.index_storage has type memory: each runner would have indexes of its own, and "
            'lose them when it is replaced; use {"type": "file_system", "directory": "…"}'
        )
    return SharedIndexes(inner, shared_folder(config), in_folder=kind == "file_system")


def shared_folder(config: Mapping[str, Any] | None) -> Path:
    """Return where the runners keep what they share, by ``Serving.extra.index_storage``."""
    if config is None or config.get("type") != "file_system":
        return Path(DEFAULT_FOLDER)
    return Path(config.get("directory", DEFAULT_FOLDER))


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise ValueError(f"{key!r} cannot be the key of an index: letters, digits, `.`, `_` and `-` only")
    return key
