"""Memory that a module freed goes back to the system.

The C library gives back only large blocks and the ends of its heaps; whole pages between blocks
still in use stay with the process. Engines that keep kernels for the shapes seen last leave many of them:
after 500 images of 200 sizes an OCR runner held 130 MB, an eighth of its memory.
"""

from __future__ import annotations

import ctypes
import gc
import time
from typing import Any, Final

from hub import spare_memory

#: Between two searches, which take 2 to 14 ms.
SECONDS: Final = 5.0
#: Engines give back their working memory after so long without work, or with it after the longer time. To get
#: it again takes some 0.1 s for a large page.
IDLE_SECONDS: Final = 5.0
BUSY_SECONDS: Final = 60.0
#: Blocks from here on, as decoded images, come from the system and go back at once. Left to itself the
#: library raises its limit to 32 MB, and they leave holes among the small blocks.
LARGE_BLOCK: Final = 2 * 1024 * 1024
#: Free memory at the end of a heap may be this large until the next search. A limit for large blocks makes
#: the library give back all but 128 kB of it at once, only to ask for it again: 400 page faults, 1 ms of CPU
#: time, for each image that is read.
END_OF_HEAP: Final = 64 * 1024 * 1024
#: M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h.
_MMAP_THRESHOLD: Final = -3
_TRIM_THRESHOLD: Final = -1


_library: Final[Any] = ctypes.CDLL(None)
_has_glibc: Final = hasattr(_library, "malloc_trim")


def give_back() -> None:
    """Give freed memory back to the system, as far as the C library can."""
    if _has_glibc:
        _library.malloc_trim(0)


def collect() -> None:
    """Free also what only holds itself, as an error and its request may, and give it back."""
    gc.collect()
    give_back()


class Trimmer:
    """Gives memory back now and then, after work; large blocks at once, where images are expected.

    Freed memory is given back by glibc only; without it, that of engines alone.
    """

    def __init__(
        self, seconds: float = SECONDS, idle_seconds: float = IDLE_SECONDS, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self._seconds = seconds
        self._idle_seconds = idle_seconds
        self._busy_seconds = busy_seconds
        self._due: float | None = None
        self._last_work = 0.0
        self._latest_release: float | None = None

    def expect_images(self) -> None:
        """Have large blocks come from the system and go back at once.

        Only for a module whose images come decoded: the JSON of one that takes them as base64 is parsed in a
        block of twelve times its size, and to get that from the system each time takes 0.7 ms for 1 MB.
        """
        if _has_glibc:
            _library.mallopt(_MMAP_THRESHOLD, LARGE_BLOCK)
            _library.mallopt(_TRIM_THRESHOLD, END_OF_HEAP)

    def worked(self) -> None:
        """Note that memory may have been freed; from any thread."""
        self._last_work = now = time.monotonic()
        if self._due is None:
            self._due = now + self._seconds
        if self._latest_release is None:
            self._latest_release = now + self._busy_seconds

    def trim_when_due(self) -> None:
        """Give memory back when it is due; to be called often, from one thread."""
        now, latest = time.monotonic(), self._latest_release
        if latest is not None and now >= min(latest, self._last_work + self._idle_seconds):
            self._latest_release = None
            spare_memory.release()
            self._due = now
        if self._due is not None and now >= self._due:
            self._due = None
            give_back()
