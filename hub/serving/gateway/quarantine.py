"""Requests that killed their runners, refused for a while without trying."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from hub.errors import PoisonError
from hub.serving.gateway.body import Body
from hub.serving.messages.state import ModuleState

#: For this long a request that killed its runners is refused without trying.
QUARANTINE_SECONDS: Final = 300.0


@dataclass
class Quarantine:
    """Fingerprints of requests that killed runners, each until its time is up."""

    _until: dict[bytes, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, module: ModuleState, body: Body) -> PoisonError:
        """Refuse this content from now on; return what to tell its caller."""
        fingerprint = _fingerprint(module, body)
        now = time.monotonic()
        with self._lock:
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._until[fingerprint] = now + QUARANTINE_SECONDS
        return _poisonous(module)

    def check(self, module: ModuleState, body: Body) -> None:
        """Raise PoisonError for a request whose content is refused."""
        # While nothing was ever added nobody needs to compute a fingerprint.
        if self._until and self._until.get(_fingerprint(module, body), 0.0) > time.monotonic():
            raise _poisonous(module)


def _poisonous(module: ModuleState) -> PoisonError:
    return PoisonError(
        f"this request killed {module.name}'s process each time it was tried; for a while it is refused"
    )


def _fingerprint(module: ModuleState, body: Body) -> bytes:
    """Return a digest of the module's generation and the request's content."""
    digest = hashlib.blake2b(digest_size=16)
    for part in _parts(module, body):
        digest.update(len(part).to_bytes(8))  # or two contents that are cut elsewhere would be one
        digest.update(part)
    return digest.digest()


def _parts(module: ModuleState, body: Body) -> Iterator[bytes]:
    yield from (module.name.encode(), str(module.generation).encode(), body.endpoint.encode(), body.arguments)
    for name, images in body.images.items():
        is_list = not isinstance(images, bytes)
        yield from (name.encode(), str(len(images)).encode() if is_list else b"one")
        yield from [images] if isinstance(images, bytes) else images
    yield str(len(body.images)).encode()
    for name, content in body.files.items():
        yield from (name.encode(), content)
