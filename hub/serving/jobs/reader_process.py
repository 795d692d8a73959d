"""The process that reads jobs' bodies: started when it is needed, and again when a body has ended it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from typing import Final

from hub import settings
from hub.serving.messages import lines
from hub.serving.messages.job_inputs import ReadReply, ReadRequest
from hub.serving.messages.run_dir import RunDir

_PROGRAM: Final = "hub.serving.gateway.job_inputs"
#: To take a body apart, or to render a page; PDFs have limits of their own.
LONGEST_SECONDS: Final = 600.0


class ReaderDiedError(Exception):
    """The process ended, or took too long."""


class ReaderProcess:
    """One process, which does one thing at a time."""

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: ReadRequest) -> tuple[ReadReply, bytes]:
        """Have something read; raises ReaderDiedError."""
        with self._lock:
            process = self._started()
            assert process.stdin is not None
            assert process.stdout is not None
            timer = threading.Timer(LONGEST_SECONDS, process.kill)
            timer.daemon = True
            timer.start()
            try:
                lines.send(process.stdin, request)
                return lines.receive_answer(process.stdout, ReadReply, "the reader of bodies")
            except (OSError, ValueError) as error:
                self._end(process)
                raise ReaderDiedError(f"exit code {process.returncode}") from error
            finally:
                timer.cancel()

    def end_if_idle(self) -> None:
        """Let the process go, with its memory, unless it works."""
        if self._lock.acquire(blocking=False):
            try:
                if self._process is not None:
                    self._end(self._process)
            finally:
                self._lock.release()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _PROGRAM, str(self._run_dir.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=settings.child_environment({}),
            )
        return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()
