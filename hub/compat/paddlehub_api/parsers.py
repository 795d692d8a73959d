"""PaddleHub's reader of text files, and its names for the standard streams' encodings. Standard library."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def _text(path: str) -> str:
    """Read a text file: UTF-8, else GBK, as PaddleHub guessed."""
    data = Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gbk")


class TextFileParser:
    """A list of a file's lines, without the empty ones."""

    def parse(self, txt_file: str, use_strip: bool = True) -> list[str]:
        lines = _text(txt_file).splitlines()
        return [line for line in (line.strip() if use_strip else line for line in lines) if line]


txt_parser = TextFileParser()


def get_platform_default_encoding() -> str:
    return "utf8"


def sys_stdin_encoding() -> str:
    return getattr(sys.stdin, "encoding", None) or get_platform_default_encoding()


def sys_stdout_encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or get_platform_default_encoding()


def md5(text: str | bytes) -> str:
    """Return the hex digest, as a name for something, never as a proof of it."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
