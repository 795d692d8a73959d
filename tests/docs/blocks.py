"""Code blocks of a Markdown document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`([\w/]+\.\w+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block; ``file`` is the last file that the paragraph above it names."""

    language: str
    text: str
    file: str | None


def read(document: Path) -> Iterator[Block]:
    text = document.read_text("utf-8")
    for found in FENCE.finditer(text):
        paragraph = text[: found.start()].rstrip().rpartition("\n\n")[2]
        named = FILE.findall(paragraph)
        yield Block(found[1], found[2], named[-1] if named else None)
