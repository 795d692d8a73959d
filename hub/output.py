"""Output that never fails for the encoding of a terminal or pipe. Standard library only."""

from __future__ import annotations

import io
import os
import sys
from typing import IO


def open_what_is_closed() -> None:
    """Open /dev/null as stdin, stdout and stderr where they are closed.

    A socket would get the number, and be taken for the stream: by children, and by whoever prints.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which gets the lowest free number
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def accept_all_text() -> None:
    """Have stdout and stderr write what their encoding lacks, Chinese in ASCII, as ``\\u4e2d``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_unicode(stream: IO[str]) -> bool:
    """Tell whether a stream's encoding has every character; JSON for another needs its own escapes."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
