"""Output that never fails for the encoding of a terminal or pipe. Standard library only."""

from __future__ import annotations

import io
import sys
from typing import IO


def accept_all_text() -> None:
    """Have stdout and stderr write what their encoding lacks, Chinese in ASCII, as ``\\u4e2d``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_unicode(stream: IO[str]) -> bool:
    """Tell whether a stream's encoding has every character; JSON for another needs its own escapes."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")
