"""Renders pages of PDFs in a process of its own, which has little memory and little time.

    python pdf_process.py DESCRIPTOR MEMORY_MB SECONDS

A file of two kilobytes can make PDFium take gigabytes and end its process; others keep it busy for hours.
Here the limits of the kernel end it, and nothing else goes with it. The other side is ``hub.pictures.pdf``.
Standard library, and PDFium.
"""

from __future__ import annotations

import contextlib
import json
import math
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as raw


class Pages:
    """The open file, if there is one.

    Attributes:
        seconds: CPU time for one page, or to open a file.
    """

    def __init__(self, connection: Connection, seconds: int) -> None:
        self._connection = connection
        self._seconds = seconds
        self._file: Any = None

    def serve(self) -> None:
        """Answer requests, until the other side is gone."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                request = json.loads(self._connection.recv_bytes())
                _allow_time(self._seconds)
                try:
                    self._answer(**request)
                except (pypdfium2.PdfiumError, ValueError, IndexError):
                    self._tell(error="it is damaged or cut off")
                except MemoryError:
                    self._tell(no_memory=True)

    def _answer(self, ask: str, page: int = 0, scale: float = 1.0) -> None:
        if ask == "open":
            data = self._connection.recv_bytes()
            try:
                self._file = pypdfium2.PdfDocument(data)
            except pypdfium2.PdfiumError:
                self._tell(error=_why_not(data))
                return
            self._file.init_forms()
            self._tell(total=len(self._file))
        elif ask == "close":
            self._file.close()
            self._file = None
            self._tell()
        else:
            with contextlib.closing(self._file[page]) as sheet:
                if ask == "size":
                    width, height = sheet.get_size()
                    self._tell(width=width, height=height)
                    return
                with contextlib.closing(sheet.render(scale=scale)) as bitmap:
                    shape = bitmap.height, bitmap.width, bitmap.n_channels
                    self._tell(shape=shape, stride=bitmap.stride)
                    self._connection.send_bytes(memoryview(bitmap.buffer).cast("B"))

    def _tell(self, **reply: Any) -> None:
        self._connection.send_bytes(json.dumps(reply).encode())


def _why_not(data: bytes) -> str:
    """Return why PDFium does not open a file. It is asked again: what it says after the first failure may be
    the reason of a file before this one.
    """
    file = raw.FPDF_LoadMemDocument64(data, len(data), None)
    if file:
        raw.FPDF_CloseDocument(file)
        return "the PDF has no pages"
    code = raw.FPDF_GetLastError()
    if code == raw.FPDF_ERR_PASSWORD:
        return "a password is needed: save the PDF without one"
    if code == raw.FPDF_ERR_SECURITY:
        return "the PDF is encrypted in a way that is not read here: save it without a password"
    return "it is a PDF that is damaged or cut off"


def _allow_time(seconds: int) -> None:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(spent.ru_utime + spent.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _limit_memory(memory_mb: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (memory_mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit_memory(int(sys.argv[2]))
    Pages(Connection(int(sys.argv[1])), int(sys.argv[3])).serve()
