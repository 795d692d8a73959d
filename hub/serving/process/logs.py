"""Log lines of every process: as text, or as one JSON object per line. Standard library only.

A line written while a request is handled carries that request's id, also a module's own log lines.
"""

from __future__ import annotations

import json
import logging
import os
import re
import select
import time
from contextvars import ContextVar
from typing import Final

from hub.settings import log_level

#: Ids of the requests that the current thread is working on, separated by commas.
request_ids: ContextVar[str] = ContextVar("request_ids", default="")

STDERR = 2
#: Longest text of a caller's in a log line.
_PRINTABLE_CHARACTERS: Final = 200
#: Characters that end a line, move a terminal's cursor or turn the direction of reading.
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_RESERVED = frozenset(vars(logging.makeLogRecord({})))


def set_up(style: str, process: str) -> None:
    """Send the root logger's lines to stderr; ``process`` says who writes."""
    handler = _Lines()
    handler.setFormatter(_JSONLines(process) if style == "json" else _TextLines(process))
    logging.basicConfig(level=log_level(), handlers=[handler], force=True)


def leave_out_what_no_line_shows() -> None:
    """Spare the logging module its look-ups of thread and process: the gateway logs every request."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # documented in logging's HOWTO, "Optimization"


def takes_lines() -> bool:
    """Tell whether a line can be written without a wait; nobody may be reading the pipe."""
    poller = select.poll()
    poller.register(STDERR, select.POLLOUT)
    return bool(poller.poll(0))


def printable(text: str) -> str:
    """Return a caller's text for a log line: control characters escaped, cut at 200 characters."""
    cut = text if len(text) <= _PRINTABLE_CHARACTERS else f"{text[:_PRINTABLE_CHARACTERS]}…"
    return _escaped(cut).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(text: str) -> str:
    """Escape control characters but line breaks and tabs, in JSON's way."""
    if text.isprintable():  # which is soon told, and nearly always so
        return text
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Lines(logging.Handler):
    """One write for each line, whole by itself: threads need no lock, so none waits for another."""

    def createLock(self) -> None:
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Emit the record; Python 3.13's own method enters the lock without asking whether there is one."""
        is_wanted = bool(self.filter(record))
        if is_wanted:
            self.emit(record)
        return is_wanted

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(STDERR, (self.format(record) + "\n").encode(errors="replace"))
        except Exception:
            self.handleError(record)


class _TextLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__(f"[%(asctime)s] [%(levelname)s] [{process}] %(message)s")
        self._second = (0, "")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Format the time as logging does, but make the part before the comma once a second."""
        second = int(record.created)
        known, text = self._second
        if second != known:
            text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            self._second = (second, text)
        return f"{text},{record.msecs:03.0f}"

    def format(self, record: logging.LogRecord) -> str:
        ids = request_ids.get()
        # Further lines stand back: what a message or an exception quotes cannot pass for a line of its own.
        line = _escaped(super().format(record)).replace("\n", "\n    ")
        return f"{line} (request {ids})" if ids and ids not in line else line


class _JSONLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if ids := request_ids.get():
            fields["request_id"] = ids
        fields.update({key: value for key, value in vars(record).items() if key not in _RESERVED})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return _escaped(json.dumps(fields, ensure_ascii=False, default=str))
