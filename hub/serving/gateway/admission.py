"""Admission: the cost of a request, and how much of it is taken at the moment."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Self

from hub.errors import QueueFullError, UnavailableError
from hub.serving.config.server_config import ServingConfig
from hub.serving.gateway.inflight import InflightBytes


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


@dataclass
class Admission:
    """How much there is at the moment: requests per module in this process, bytes in the whole server."""

    inflight: InflightBytes
    _requests: dict[str, int] = field(default_factory=dict)
    _pages: Counter[str] = field(default_factory=Counter)
    _lock: threading.Condition = field(default_factory=threading.Condition)

    def is_full(self, module: str, capacity: int) -> bool:
        """Tell whether as many requests as the module can queue and run are here already."""
        return self._requests.get(module, 0) >= capacity

    def let_others_go_first(self, module: str, patience: float) -> float:
        """Wait until only pages of jobs are here for a module, and return ``time.monotonic()``.

        Args:
            module: which.
            patience: the longest wait, in seconds.
        """
        with self._lock:
            self._lock.wait_for(lambda: self._requests.get(module, 0) <= self._pages[module], patience)
        return time.monotonic()

    @contextlib.contextmanager
    def admit(self, module: str, capacity: int, size: int, is_page: bool = False) -> Iterator[None]:
        """Hold a place and ``size`` bytes while the request is handled; ``is_page``: it is of a job.

        Raises:
            QueueFullError: as many requests as the module can queue and run are here already.
            UnavailableError: the bodies of all requests together would exceed max_inflight_mb.
        """
        with self._lock:
            if self.is_full(module, capacity):
                raise queue_full(module, capacity)
            if size and not self.inflight.book(size):
                raise too_many_bytes()
            self._requests[module] = self._requests.get(module, 0) + 1
            self._pages[module] += is_page
        try:
            yield
        finally:
            with self._lock:
                self._requests[module] -= 1
                self._pages[module] -= is_page
                self._lock.notify_all()
            if size:
                self.inflight.release(size)
