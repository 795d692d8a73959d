"""Requests that killed their runners, refused for a while without trying, by every process of the server.

Each is an empty file in the run dir, named by the request's fingerprint and the time when it is let in again.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.errors import PoisonError
from hub.serving.gateway.body import Body
from hub.serving.messages.state import FRESH_SECONDS, ModuleState

#: For this long a request that killed its runners is refused without trying.
QUARANTINE_SECONDS: Final = 300.0


class Quarantine:
    """Fingerprints of requests that killed runners, each until its time is up."""

    def __init__(self, folder: Path | None = None) -> None:
        """Share them through ``folder``, which need not exist; without one they are this process's own."""
        self._folder = folder
        self._until: dict[str, float] = {}
        self._stamp = 0
        self._next_look = 0.0
        self._lock = threading.Lock()

    def add(self, module: ModuleState, body: Body) -> PoisonError:
        """Refuse this content from now on; return what to tell its caller."""
        fingerprint = _fingerprint(module, body)
        now = time.monotonic()
        until = now + QUARANTINE_SECONDS
        with self._lock:
            self._until = {key: end for key, end in self._until.items() if end > now}
            self._until[fingerprint] = until
        if self._folder is not None:
            with contextlib.suppress(OSError):  # a full disk: the others learn it by themselves
                self._folder.mkdir(mode=0o700, exist_ok=True)
                for path in self._folder.iterdir():
                    if _end(path) <= now:
                        path.unlink(missing_ok=True)
                (self._folder / f"{fingerprint}-{until:.0f}").touch()
        return _poisonous(module)

    def check(self, module: ModuleState, body: Body) -> None:
        """Raise PoisonError for a request whose content is refused."""
        self._look()
        # While nothing was ever added nobody needs to compute a fingerprint.
        if self._until and self._until.get(_fingerprint(module, body), 0.0) > time.monotonic():
            raise _poisonous(module)

    def _look(self) -> None:
        """Take over what other processes have added since the last look."""
        now = time.monotonic()
        if self._folder is None or now < self._next_look:
            return
        self._next_look = now + FRESH_SECONDS
        try:
            stamp = self._folder.stat().st_mtime_ns
        except OSError:  # nothing was ever added
            return
        if stamp == self._stamp:
            return
        with self._lock, contextlib.suppress(OSError):
            self._stamp = stamp
            for path in self._folder.iterdir():
                self._until[path.name.partition("-")[0]] = _end(path)


def _end(path: Path) -> float:
    """Return the end of an entry's time, of ``time.monotonic``, which all processes share."""
    return float(path.name.partition("-")[2])


def _poisonous(module: ModuleState) -> PoisonError:
    return PoisonError(
        f"this request killed {module.name}'s process each time it was tried; for a while it is refused"
    )


def _fingerprint(module: ModuleState, body: Body) -> str:
    """Return a digest of the module's generation and the request's content."""
    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(module, body):
        digest.update(len(part).to_bytes(8))  # or two contents that are cut elsewhere would be one
        digest.update(part)
    return digest.hexdigest()


def _parts(module: ModuleState, body: Body) -> Iterator[bytes]:
    target = (module.name, str(module.generation), body.method, body.endpoint)
    yield from (*(part.encode() for part in target), body.arguments)
    for name, images in body.images.items():
        is_list = not isinstance(images, bytes)
        yield from (name.encode(), str(len(images)).encode() if is_list else b"one")
        yield from [images] if isinstance(images, bytes) else images
    yield str(len(body.images)).encode()
    for name, content in body.files.items():
        yield from (name.encode(), content)
