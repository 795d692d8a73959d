"""PaddleHub's reader of text files, and the encoding of standard input. Standard library."""

from __future__ import annotations

import sys
from pathlib import Path


class TextFileParser:
    """A list of a file's lines, without the empty ones; UTF-8, else GBK, as PaddleHub guessed."""

    def parse(self, txt_file: str, use_strip: bool = True) -> list[str]:
        data = Path(txt_file).read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gbk")
        return [line for line in (line.strip() if use_strip else line for line in text.splitlines()) if line]


txt_parser = TextFileParser()


def sys_stdin_encoding() -> str:
    return getattr(sys.stdin, "encoding", None) or "utf8"
