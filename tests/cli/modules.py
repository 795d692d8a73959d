"""Modules that tests write."""

from __future__ import annotations

from pathlib import Path

RUN = """\
from hub.errors import InvalidInputError
from hub.module import Module, moduleinfo, runnable, serving

@moduleinfo(name="{name}", version="1.0.0", summary="")
class Sample(Module):
"""


def write_module(folder: Path, body: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "module.py").write_text(RUN.format(name=folder.name) + body)
    return folder
