"""Draws one page of a file as a JPEG, in a process of its own, which has little memory and little time.

    python -m hub.pictures.page_process PAGE MAX_PIXELS LONGEST_SIDE MEMORY_MB SECONDS < FILE

Who asks only looks at the page: a file that is made to crash a decoder, or to keep it busy, takes this
process alone with it. It prints one line of JSON: width, height, total and is_animation, with the JPEG behind
it; or ``{"error": …}``, which says why there is none.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from pathlib import Path
from typing import IO

import cv2

from hub.errors import InvalidInputError
from hub.pictures.documents import Document, open_document
from hub.pictures.levels import Image

_JPEG_QUALITY = 85


def main(words: list[str], source: IO[bytes], target: IO[bytes]) -> None:
    """Read the file from ``source``, and write what there is to say of its page to ``target``."""
    number, max_pixels, longest_side, memory_mb, seconds = map(int, words)
    _limit(memory_mb, seconds)
    try:
        with open_document(source.read(), max_pixels=max_pixels) as document:
            _check_number(number, document)
            page = document.page(number)
            told = {"total": document.total, "is_animation": document.is_animation}
    except InvalidInputError as error:
        target.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return
    height, width = page.shape[:2]
    told |= {"width": width, "height": height}
    target.write(json.dumps(told).encode() + b"\n" + _jpeg(page, longest_side))


def _check_number(number: int, document: Document) -> None:
    if number >= document.total:
        raise InvalidInputError(f"it has no page {number}, counted from 0: the last is {document.total - 1}")


def _jpeg(page: Image, longest_side: int) -> bytes:
    height, width = page.shape[:2]
    scale = longest_side / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        page = cv2.resize(page, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()


def _limit(memory_mb: int, seconds: int) -> None:
    """Limit what this process takes from here on; the one that renders PDFs has limits of its own below."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + (memory_mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    with contextlib.suppress(OSError):  # where memory is short, this process is to go before any other
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer)
