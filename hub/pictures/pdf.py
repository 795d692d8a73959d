"""Reads the pages of PDFs through processes of ``hub.pictures.pdf_process``.

A process that has nothing to do is kept for the next file. One that dies is the file's fault.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np

from hub import settings
from hub.checkpoint import checkpoint
from hub.pictures.levels import Image

_PROGRAM: Final = Path(__file__).with_name("pdf_process.py")
#: CPU time for one page, or to open a file; a usual page takes a tenth of a second.
PAGE_SECONDS: Final = 30
#: How often it is asked meanwhile whether anybody still waits for the page.
_ASK_SECONDS: Final = 0.2
#: A process that has closed its end is given this long to end.
_END_SECONDS: Final = 5.0
_SETTING: Final = "of memory (pdf_memory_mb)"
#: Processes that work at once, and that are kept without work.
_AT_ONCE: Final = 2


class PdfError(Exception):
    """The file cannot be read; the text says why."""


class Renderer:
    """A process that has one file open at a time."""

    def __init__(self, memory_mb: int) -> None:
        self.is_alive = True
        self._memory_mb = memory_mb
        ours, theirs = socket.socketpair()
        with ours, theirs:
            number = theirs.fileno()
            # By its file: this package need not be where another process finds it.
            words = ["-P", str(_PROGRAM), str(number), str(memory_mb), str(PAGE_SECONDS)]
            self._process = subprocess.Popen(
                [sys.executable, *words], pass_fds=[number], stdin=subprocess.DEVNULL
            )
            self._connection = Connection(ours.detach())

    def open(self, data: bytes) -> int:
        """Open a file and return how many pages it has; this and all below raise PdfError."""
        return int(self._ask({"ask": "open"}, data)["total"])

    def size(self, page: int) -> tuple[float, float]:
        """Return width and height in points."""
        told = self._ask({"ask": "size", "page": page})
        return told["width"], told["height"]

    def render(self, page: int, scale: float) -> Image:
        """Return uint8 (height, width, 3), BGR; ``scale`` is in pixels per point."""
        told = self._ask({"ask": "render", "page": page, "scale": scale})
        height, width, channels = told["shape"]
        rows = np.empty((height, told["stride"]), np.uint8)
        with self._ending_on_error():
            self._connection.recv_bytes_into(rows.reshape(-1))
        pixels = rows[:, : width * channels].reshape(height, width, channels)
        return np.ascontiguousarray(pixels[:, :, :3])

    @property
    def has_process(self) -> bool:
        """False when it was killed while it had no file."""
        return self._process.poll() is None

    def close(self) -> None:
        """Close the file."""
        self._ask({"ask": "close"})

    def end(self) -> None:
        """End the process."""
        self.is_alive = False
        self._process.kill()
        self._process.wait()
        self._connection.close()

    def _ask(self, request: dict[str, Any], data: bytes | None = None) -> dict[str, Any]:
        with _turn(), self._ending_on_error():
            self._connection.send_bytes(json.dumps(request).encode())
            if data is not None:
                self._connection.send_bytes(data)
            while not self._connection.poll(_ASK_SECONDS):
                checkpoint()
            told: dict[str, Any] = json.loads(self._connection.recv_bytes())
        if told.get("no_memory"):
            raise PdfError(f"rendering it takes more than {self._memory_mb} MB {_SETTING}")
        if "error" in told:
            raise PdfError(told["error"])
        return told

    @contextlib.contextmanager
    def _ending_on_error(self) -> Iterator[None]:
        """End the process, whose next answer would be to another question, when it dies or nobody waits."""
        try:
            yield
        except (EOFError, OSError) as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
            self.end()
            raise PdfError(self._cause(self._process.returncode)) from error
        except BaseException:
            self.end()
            raise

    def _cause(self, code: int) -> str:
        if code == -signal.SIGXCPU:
            return f"a page takes more than {PAGE_SECONDS} s to render"
        if code >= 0:  # of Python, which wrote why to the log
            return f"the process that renders PDFs ended with exit code {code}"
        memory = f"{self._memory_mb} MB {_SETTING}"
        return f"rendering it ended with {signal.Signals(-code).name}, as where it takes more than {memory}"


_idle: Final[list[Renderer]] = []
_lock: Final = threading.Lock()
_turns: Final = threading.BoundedSemaphore(_AT_ONCE)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Wait until few enough work, and hold a place."""
    while not _turns.acquire(timeout=_ASK_SECONDS):
        checkpoint()
    try:
        yield
    finally:
        _turns.release()


def _kept() -> Renderer | None:
    """Take one that is kept and still there."""
    with _lock:
        while _idle:
            found = _idle.pop()
            if found.has_process:
                return found
            found.end()
    return None


@contextlib.contextmanager
def renderer() -> Iterator[Renderer]:
    """Lend a process to render one file, which the caller opens and closes."""
    found = _kept() or Renderer(settings.pdf_memory_mb())
    try:
        yield found
    finally:
        with _lock:
            is_kept = found.is_alive and len(_idle) < _AT_ONCE
            if is_kept:
                _idle.append(found)
        if found.is_alive and not is_kept:
            found.end()
