"""How a child notices that its supervisor is gone, however that one ended."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable


def watch(descriptor: int, on_end: Callable[[], None]) -> None:
    """Have ``on_end`` called in a thread of its own when the other end of the pipe is closed.

    The supervisor holds that end and never writes to it, so the first thing to be read is the end of file.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(descriptor, 1)
        on_end()

    threading.Thread(target=wait, daemon=True, name="lifeline").start()
