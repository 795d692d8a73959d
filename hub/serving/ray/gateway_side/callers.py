"""Watches the clients' connections while their requests are with Ray."""

from __future__ import annotations

import contextlib
import logging
import select
import threading
from collections.abc import Callable, Iterator

from hub.serving.messages import wire

log = logging.getLogger("hub.gateway")


class Callers:
    """One thread that tells when a client hangs up; it sleeps otherwise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[int, Callable[[], None]] = {}
        self._epoll = select.epoll()
        threading.Thread(target=self._watch, daemon=True, name="callers").start()

    @contextlib.contextmanager
    def watched(self, caller: int | None, on_hang_up: Callable[[], None]) -> Iterator[None]:
        """Have ``on_hang_up`` called, once and from another thread, if ``caller`` goes away within."""
        if caller is None:
            yield
            return
        with self._lock:
            self._watched[caller] = on_hang_up
            self._epoll.register(caller, select.EPOLLRDHUP | select.EPOLLONESHOT)
        try:
            yield
        finally:
            with self._lock:
                self._watched.pop(caller, None)
                with contextlib.suppress(OSError):
                    self._epoll.unregister(caller)

    def _watch(self) -> None:
        while True:
            for descriptor, _ in self._epoll.poll():
                with self._lock:
                    # It may be another client's by now, which got the number of the one that left.
                    on_hang_up = self._watched.get(descriptor) if wire.peer_has_left(descriptor) else None
                if on_hang_up is not None:
                    try:
                        on_hang_up()
                    except Exception:
                        log.exception("a request could not be cancelled")
