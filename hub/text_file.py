"""Text files that people write are UTF-8, whatever the locale says. Standard library only."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from hub.errors import ConfigError

#: Byte order marks, the longer ones first: UTF-16's begins UTF-32's.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read(path: str | Path, what: str) -> str:
    """Return the text of a file in UTF-8, without a byte order mark.

    Args:
        path: the file.
        what: what it is, for messages: "config file".

    Raises:
        ConfigError: it cannot be read, or is in another encoding, which is named where it shows.
    """
    try:
        return decoded(Path(path).read_bytes(), f"{what} {path}")
    except OSError as error:
        raise ConfigError(f"{what} {path}: {error.strerror or error}") from error


def decoded(data: bytes, name: str) -> str:
    """Return the text of a file's bytes; ``name`` is the file's in messages. Raises ConfigError."""
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")
    # Where nothing marks it: every second byte of Latin letters, and of what a config file is made of, is 0.
    if not encoding and b"\0" in data:
        encoding = "UTF-16"
    if not encoding:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            encoding, place = _guessed(data), data.count(b"\n", 0, error.start) + 1
    if not encoding:
        raise ConfigError(f"{name} is not UTF-8 text (line {place}); save it as UTF-8")
    raise ConfigError(
        f"{name} is in {encoding}, not in UTF-8; save it as UTF-8: "
        f"iconv -f {encoding} -t UTF-8 FILE > NEW_FILE"
    )


def problem(error: Exception) -> str:
    """Return what a parser of YAML or JSON found, with the place, in one line."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    said = getattr(error, "problem", None) or getattr(error, "context", None)
    return f"{said}: line {mark.line + 1} column {mark.column + 1}"


def _guessed(data: bytes) -> str:
    """Return GBK where all of the text could be that: Latin-1's letters between blanks could not."""
    try:
        data.decode("gbk")
    except UnicodeDecodeError:
        return ""
    return "GBK"
