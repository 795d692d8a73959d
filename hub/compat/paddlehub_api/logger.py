"""PaddleHub's logger: ``logger.info(…)``, the levels TRAIN and EVAL, on and off, and a progress bar.

Lines go to the standard logger "PaddleHub", and so into the server's log with the request's id; in a
script that has set up no logging they go to stderr, as PaddleHub's did.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Any, Final, TextIO

LEVELS: Final = {
    "DEBUG": 10,
    "INFO": 20,
    "TRAIN": 21,
    "EVAL": 22,
    "WARNING": 30,
    "ERROR": 40,
    "CRITICAL": 50,
}


class Logger:
    """See PaddleHub's of the same name."""

    def __init__(self, name: str | None = None) -> None:
        for level, number in LEVELS.items():
            logging.addLevelName(number, level)
        self.logger = logging.getLogger(name or "PaddleHub")
        self.logger.setLevel(logging.DEBUG)
        self.is_enable = True

    def __call__(self, level: int | str, msg: object, *args: Any) -> None:
        if not self.is_enable:
            return
        if not self.logger.hasHandlers():
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("[%(asctime)-15s] [%(levelname)8s] - %(message)s"))
            self.logger.addHandler(handler)
        number = LEVELS[level.upper()] if isinstance(level, str) else level
        self.logger.log(number, str(msg), *args)

    def __getattr__(self, name: str) -> Any:
        """``logger.info`` and ``logger.INFO``, which are the same; likewise for every level."""
        if name.upper() not in LEVELS:
            raise AttributeError(f"PaddleHub's logger has no {name!r}")
        return lambda msg, *args, **_: self(name, msg, *args)

    def warn(self, msg: object, *args: Any) -> None:
        self("WARNING", msg, *args)

    def exception(self, msg: object, *args: Any) -> None:
        """An error with the traceback of the exception being handled."""
        if self.is_enable:
            self.logger.exception(str(msg), *args)

    def setLevel(self, level: int | str) -> None:
        self.logger.setLevel(level.upper() if isinstance(level, str) else level)

    def enable(self) -> None:
        self.is_enable = True

    def disable(self) -> None:
        self.is_enable = False

    @contextlib.contextmanager
    def processing(self, msg: str, interval: float = 0.1) -> Iterator[None]:
        """Say that something goes on. PaddleHub drew a turning bar; a log has no use for one."""
        self("INFO", msg)
        yield

    @contextlib.contextmanager
    def use_terminator(self, terminator: str) -> Iterator[None]:
        """Lines always end with a newline here."""
        yield


class ProgressBar:
    """``with ProgressBar("Download x") as bar: bar.update(0.5)``, drawn where a person looks."""

    def __init__(self, title: str, flush_interval: float = 0.1, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = stream or sys.stderr

    def __enter__(self) -> ProgressBar:
        self._stream.write(f"{self._title}\n")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.update(1.0)
        self._stream.write("\n")

    def update(self, progress: float) -> None:
        """``progress`` from 0 to 1."""
        if self._stream.isatty() or progress >= 1:
            self._stream.write(f"\r[{'#' * int(progress * 50):<50}] {progress * 100:.2f}%")
            self._stream.flush()


logger = Logger()
