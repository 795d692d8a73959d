"""PaddleHub's logger: ``logger.info(…)``, the levels TRAIN and EVAL, on and off.

Lines go to the standard logger "PaddleHub", and so into the server's log with the request's id. In a script
that has not set up logging they go to stderr, as in PaddleHub.
"""

from __future__ import annotations

import logging
from typing import Any, Final

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
    """Stands for PaddleHub's class of the same name."""

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
        """Answer ``logger.info`` and ``logger.INFO``, which are the same, and likewise every other level."""
        if name.upper() not in LEVELS:
            raise AttributeError(f"PaddleHub's logger has no {name!r}")
        return lambda msg, *args, **_: self(name, msg, *args)

    def warn(self, msg: object, *args: Any) -> None:
        self("WARNING", msg, *args)

    def exception(self, msg: object, *args: Any) -> None:
        """Log an error with the traceback of the exception that is being handled."""
        if self.is_enable:
            self.logger.exception(str(msg), *args)

    def setLevel(self, level: int | str) -> None:
        self.logger.setLevel(level.upper() if isinstance(level, str) else level)

    def enable(self) -> None:
        self.is_enable = True

    def disable(self) -> None:
        self.is_enable = False


logger = Logger()
