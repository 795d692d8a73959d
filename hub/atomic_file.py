"""Replace a file in one step: readers find the old content or the new, never half. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, beside ``path``; it takes ``path``'s place if all goes well, else it goes."""
    fresh = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    try:
        yield fresh
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def write(path: Path, content: str | bytes, *, mode: int = 0o666, durable: bool = False) -> None:
    """Write a whole file.

    Args:
        path: the file, which need not exist; its folder must.
        content: text, written as UTF-8, or bytes.
        mode: its permissions, less the umask.
        durable: wait until the content is on the disk, so that a power cut cannot leave the file empty.
    """
    with replacing(path) as fresh:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(descriptor)
