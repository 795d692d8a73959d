"""Pictures of pages for the playground: browsers show no TIFF and no HEIC, and no PDF with boxes on it.

A file is read in a process of its own, so that one that no decoder survives does no harm to the gateway.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from hub import settings
from hub.errors import DeadlineError, InvalidInputError

log = logging.getLogger("hub.gateway")

#: The route; a body may be as large there as for a module.
PATH: Final = "/api/page"
#: The name of these requests in admission; no module can have it.
NAME: Final = "the preview of pages"
#: Processes at once.
AT_ONCE: Final = 2
#: CPU time of a process, and how long it is waited for.
CPU_SECONDS: Final = 30
WAIT_SECONDS: Final = 45
#: Pixels of a picture's longer side: enough for a screen.
LONGEST_SIDE: Final = 1600
#: While a page is read and made smaller.
_BYTES_PER_PIXEL: Final = 8


@dataclass(frozen=True)
class PagePicture:
    """A page to look at.

    Attributes:
        jpeg: the page, at most LONGEST_SIDE pixels a side.
        width: of the page as a module gets it, in pixels; so is ``height``.
        total: pages of the file, or frames of an animation.
    """

    jpeg: bytes
    width: int
    height: int
    total: int
    is_animation: bool


def draw(data: bytes, number: int, max_pixels: int) -> PagePicture:
    """Return a page of a file.

    Args:
        data: a picture or a PDF.
        number: of the page, from 0.
        max_pixels: that the page may have.

    Raises:
        InvalidInputError: it is neither, is damaged, has no such page, or takes too much memory or time.
        DeadlineError: the machine is so busy that it takes too long.
    """
    memory_mb = settings.pdf_memory_mb() + (max_pixels * _BYTES_PER_PIXEL >> 20)
    limits = [str(each) for each in (number, max_pixels, LONGEST_SIDE, memory_mb, CPU_SECONDS)]
    command = [sys.executable, "-m", "hub.pictures.page_process", *limits]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=WAIT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise DeadlineError(f"no picture of page {number} in {WAIT_SECONDS} s") from error
    head, _, jpeg = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        log.warning("page %d of a file was not drawn: exit code %d %s", number, done.returncode, last)
        raise InvalidInputError(
            f"page {number}, counted from 0, cannot be shown: to read it takes too much memory or time"
        )
    told = json.loads(head)
    if "error" in told:
        raise InvalidInputError(f"page {number}, counted from 0, cannot be shown: {told['error']}")
    return PagePicture(jpeg, **told)
