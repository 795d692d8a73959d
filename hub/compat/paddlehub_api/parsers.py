"""PaddleHub's readers of small files, and its names for the standard streams' encodings. Standard library."""

from __future__ import annotations

import csv
import hashlib
import importlib
import sys
from pathlib import Path
from typing import Any


def _text(path: str) -> str:
    """A file's text: UTF-8, else GBK, as PaddleHub guessed."""
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


class CSVFileParser:
    """A dict from each column's title to the list of its cells, all as text."""

    def parse(self, csv_file: str) -> dict[str, list[str]]:
        rows = [row for row in csv.reader(_text(csv_file).splitlines()) if row]
        title, body = (rows[0], rows[1:]) if rows else ([], [])
        self.title = title
        self.content = {name: [row[at] for row in body if at < len(row)] for at, name in enumerate(title)}
        return self.content


class YAMLFileParser:
    """A YAML file in which every scalar is text: BaseLoader builds nothing else."""

    def parse(self, yaml_file: str) -> Any:
        yaml: Any = importlib.import_module("yaml")

        return yaml.load(_text(yaml_file), Loader=yaml.BaseLoader)


csv_parser = CSVFileParser()
txt_parser = TextFileParser()
yaml_parser = YAMLFileParser()


def get_platform_default_encoding() -> str:
    return "utf8"


def sys_stdin_encoding() -> str:
    return getattr(sys.stdin, "encoding", None) or get_platform_default_encoding()


def sys_stdout_encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or get_platform_default_encoding()


def md5(text: str | bytes) -> str:
    """Hex digest; a name for something, never a proof of it."""
    data = text.encode() if isinstance(text, str) else text
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
