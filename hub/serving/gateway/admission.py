"""Admission: the cost of a request, and how much of it is taken at the moment."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from hub.errors import QueueFullError, UnavailableError
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway.inflight import InflightBytes
from hub.serving.gateway.shared_number import SharedNumber

#: A page of a job looks so often whether the other processes have answered.
_LOOK_SECONDS: Final = 0.01


@dataclass(frozen=True)
class RequestLimits:
    """The most that one request may cost, and all of them together. Sizes in bytes, times in seconds.

    ``max_page`` is the largest request that the jobs service may make, ``max_job`` the largest body of a job.
    """

    max_body: int
    max_inflight: int
    body_timeout: float
    max_pixels: int
    max_images: int
    max_total_pixels: int
    max_json_values: int
    allow_server_paths: bool
    max_page: int = 0
    max_job: int = 0

    @classmethod
    def of(cls, config: ServingConfig) -> Self:
        """Return the limits that the configuration sets."""
        return cls(
            max_body=int(config.max_body_mb * 1e6),
            max_inflight=int(config.max_inflight_mb * 1e6),
            body_timeout=config.body_timeout,
            max_pixels=config.max_pixels,
            max_images=config.max_images,
            max_total_pixels=config.max_total_pixels or 2 * config.max_pixels,
            max_json_values=config.max_json_values,
            allow_server_paths=config.allow_server_paths,
            max_page=int(max(config.max_body_mb, config.max_inflight_mb) * 1e6),
            max_job=int(config.max_job_mb * 1e6),
        )

    def of_job(self) -> Self:
        """Return the limits on the body of a job: no number of images, each is a request of its own."""
        return replace(self, max_images=sys.maxsize, max_total_pixels=sys.maxsize)


def queue_full(module: str, capacity: int) -> QueueFullError:
    """Return the error of a request for which its module has no place."""
    return QueueFullError(f"{module} has {capacity} requests running and waiting", retry_after=1)


def too_many_bytes() -> UnavailableError:
    """Return the error of a body for which the server has no room at the moment."""
    return UnavailableError("too many bytes in flight (max_inflight_mb); try again later", retry_after=1)


class _Places:
    """The requests for one module that are here: all of them, and those that are pages of jobs."""

    def __init__(self, folder: Path | None, module: str) -> None:
        quoted = quote(module, safe="")  # a route has slashes
        self.all, self.pages = (
            SharedNumber(folder / f"{quoted}.{kind}" if folder is not None else None)
            for kind in ("requests", "pages")
        )

    def reach(self, capacity: int) -> bool:
        """Tell whether there are as many; a number that a killed process left does not keep others out."""
        return self.all.total >= capacity and self.all.total_of_living >= capacity

    @property
    def have_others_than_pages(self) -> bool:
        if self.all.total == self.pages.total:
            return False
        return self.all.total_of_living > self.pages.total_of_living


class Admission:
    """How much there is at the moment in the whole server: requests per module, and bytes."""

    def __init__(self, inflight: InflightBytes, folder: Path | None = None) -> None:
        """Count with the other processes in files of ``folder``; without one, count requests alone."""
        self.inflight = inflight
        self._folder = folder
        self._places: dict[str, _Places] = {}
        self._lock = threading.Condition()
        if folder is not None:
            with contextlib.suppress(OSError):  # a full disk: every process counts alone
                folder.mkdir(mode=0o700, exist_ok=True)

    def is_full(self, module: str, capacity: int) -> bool:
        """Tell whether as many requests as the module can queue and run are here already."""
        with self._lock:
            return self._of(module).reach(capacity)

    def let_others_go_first(self, module: str, patience: float) -> float:
        """Wait until only pages of jobs are here for a module, and return ``time.monotonic()``.

        Args:
            module: which.
            patience: the longest wait, in seconds.
        """
        until = time.monotonic() + patience
        with self._lock:
            while self._of(module).have_others_than_pages:
                left = until - time.monotonic()
                if left <= 0:
                    break
                self._lock.wait(min(left, _LOOK_SECONDS))  # nobody tells when another process has answered
        return time.monotonic()

    @contextlib.contextmanager
    def admit(self, module: str, capacity: int, size: int, is_page: bool = False) -> Iterator[None]:
        """Hold a place and ``size`` bytes while the request is handled; ``is_page``: it is of a job.

        Raises:
            QueueFullError: as many requests as the module can queue and run are here already.
            UnavailableError: the bodies of all requests together would exceed max_inflight_mb.
        """
        with self._lock:
            places = self._of(module)
            if places.reach(capacity):
                raise queue_full(module, capacity)
            if size and not self.inflight.book(size):
                raise too_many_bytes()
            places.all.add(1)
            places.pages.add(is_page)
        try:
            yield
        finally:
            with self._lock:
                places.all.add(-1)
                places.pages.add(-is_page)
                self._lock.notify_all()
            if size:
                self.inflight.release(size)

    def _of(self, module: str) -> _Places:
        if module not in self._places:
            self._places[module] = _Places(self._folder, module)
        return self._places[module]
