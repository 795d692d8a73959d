"""Supervisor → runner: which module to load, with what arguments, under which limits.

Written as JSON into the run dir and named on the runner's command line.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub import atomic_file
from hub.serving.messages import message
from hub.serving.messages.message import Message


@dataclass(frozen=True)
class RunnerSpec(Message):
    """One module as served.

    Attributes:
        name: the name in the URL (an alias may differ from the module's own name).
        directory: the module's folder.
        init_args, predict_args: as in config.json, without PaddleHub's ``version`` and ``directory``.
        max_batch_size, max_queue_delay_ms, preferred_batch_sizes: for a module that names a batch argument.
        concurrency: batches at once for a module that is thread-safe; None means two more than
            engine threads.
        interpreter: the Python of the module's own environment; None for the server's.
        max_pixels: of an image; the gateway looks at headers, this holds for those that it cannot read.
        max_images: images and pages of a request.
        max_total_pixels: of all images of a request, likewise.
        pdf_memory_mb: for rendering a PDF.
        memory_limit_mb: of the runner, which the supervisor kills above it.
        allow_server_paths: callers may name files of the server; else messages do not name such arguments.
    """

    name: str
    version: str
    directory: str
    init_args: dict[str, Any] = field(default_factory=dict)
    predict_args: dict[str, Any] = field(default_factory=dict)
    max_batch_size: int | None = None
    max_queue_delay_ms: float = 0.0
    preferred_batch_sizes: tuple[int, ...] = ()
    concurrency: int | None = None
    log_format: str = "text"
    generation: int = 1
    interpreter: str | None = None
    max_pixels: int | None = None
    max_images: int | None = None
    max_total_pixels: int | None = None
    pdf_memory_mb: int | None = None
    memory_limit_mb: int | None = None
    allow_server_paths: bool = False

    def environment(self) -> dict[str, str]:
        """Return what its process needs to know before anything is imported."""
        values = {"OPENCV_IO_MAX_IMAGE_PIXELS": self.max_pixels, "HUB_PDF_MEMORY_MB": self.pdf_memory_mb}
        return {name: str(value) for name, value in values.items() if value is not None}

    def write(self, path: Path) -> None:
        """Have the file say this; one that says it already needs no room on a full disk."""
        content = json.dumps(message.stamp(self), ensure_ascii=False).encode()
        with contextlib.suppress(OSError):
            if path.read_bytes() == content:
                return
        atomic_file.write(path, content, mode=0o600)

    @classmethod
    def read(cls, path: Path) -> RunnerSpec:
        """Read the file; raises OtherVersionError when another version of HubServing wrote it."""
        return message.unstamp(cls, json.loads(path.read_bytes()))
