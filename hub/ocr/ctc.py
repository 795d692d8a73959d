"""CTC: from one class per step to text, and the dictionary behind the classes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from hub.engines.files import find_model_files
from hub.engines.onnx_metadata import read_metadata
from hub.errors import ModelNotFoundError

#: Class 0 separates repeated characters and is never printed.
BLANK: Final = 0

#: PaddleOCR's set of characters that keep their order within a line read from right to left.
_LATIN_OR_ONE: Final = re.compile(r"[a-zA-Z0-9 :*./%+-]+|.", re.DOTALL)


class Reading(NamedTuple):
    """What a line says, and the mean probability of its characters (0.0 for no text)."""

    text: str
    confidence: float


def read_characters(path: Path, *, use_space_char: bool) -> list[str]:
    """The character of every class: blank, the lines of a dictionary file (UTF-8), then the space."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelNotFoundError(f"the dictionary {path} cannot be read as UTF-8 text: {error}") from error
    return _classes(lines, use_space_char=use_space_char)


def characters_inside(model_dir: Path, *, use_space_char: bool) -> list[str]:
    """The same from the metadata of an ``.onnx`` file, where PP-OCR models have it as ``character``.

    Raises:
        ModelNotFoundError: it is another kind of model, or has no dictionary inside.
    """
    files = find_model_files(model_dir)
    dictionary = read_metadata(files.graph).get("character") if files.kind == "onnx" else None
    if not dictionary:
        raise ModelNotFoundError(
            f"{files.graph} has no dictionary inside: give rec_char_dict_path in params.py"
        )
    return _classes(dictionary.split("\n"), use_space_char=use_space_char)


def _classes(lines: list[str], *, use_space_char: bool) -> list[str]:
    if lines[-1] == "":
        lines = lines[:-1]
    return ["", *(line.rstrip("\r") for line in lines), *([" "] if use_space_char else [])]


def decode(
    ids: npt.NDArray[np.integer],
    scores: npt.NDArray[np.float32],
    characters: list[str],
    *,
    right_to_left: bool = False,
) -> Reading:
    """Collapse one line's steps: drop repeats of the step before, then blanks.

    Args:
        ids: (steps,), class of each step.
        scores: float32 (steps,), its probability.
        characters: as :func:`read_characters` gives them.
        right_to_left: the model read an Arabic line from the left; put it in reading order.
    """
    kept = ids != BLANK
    kept[1:] &= ids[1:] != ids[:-1]
    if not kept.any():
        return Reading("", 0.0)
    text = "".join([characters[i] for i in ids[kept]])
    return Reading(reverse(text) if right_to_left else text, float(scores[kept].mean()))


def reverse(text: str) -> str:
    """Turn a line round, but not the Latin words and numbers in it."""
    return "".join(reversed(_LATIN_OR_ONE.findall(text)))
