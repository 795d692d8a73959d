"""CTC: from one class per step to text, and the dictionary behind the classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from hub.engines.base import LoadedModel
from hub.engines.description import description
from hub.errors import ModelNotFoundError
from hub.ocr.direction import paddleocr_spans, spans_by_letters

_BYTE_ORDER_MARK: Final = "\ufeff"
#: Class 0 separates repeated characters and is never printed.
BLANK: Final = 0


class Reading(NamedTuple):
    """The text of a line.

    Attributes:
        confidence: mean probability of its characters, 0.0 for no text.
        columns: for each character of ``text`` the step that it was read at; only where asked for.
        steps: how many steps the line itself took, without what it was padded with; only with ``columns``.
        quarter: whether it was turned by 90 degrees to be read; None where the shape of its box says so.
    """

    text: str
    confidence: float
    columns: tuple[int, ...] = ()
    steps: float = 0.0
    quarter: bool | None = None


def read_characters(path: Path, *, use_space_char: bool) -> list[str]:
    """Return the character of every class: blank, the lines of a dictionary file (UTF-8), then the space."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelNotFoundError(f"the dictionary {path} cannot be read as UTF-8 text: {error}") from error
    return _classes(lines, use_space_char=use_space_char)


def characters_inside(model: LoadedModel, model_dir: Path, *, use_space_char: bool) -> list[str]:
    """Return the same from a model itself, or from PaddleX's ``inference.yml`` beside it.

    Raises:
        ModelNotFoundError: neither has a dictionary.
    """
    lines = model.dictionary.split("\n") if model.dictionary else description(model_dir).dictionary
    if not lines:
        raise ModelNotFoundError(
            f"there is no dictionary for the model in {model_dir}: neither inside it nor in an inference.yml "
            "beside it; put the file beside the model, and its name into rec_char_dict_path in params.py"
        )
    return _classes(lines, use_space_char=use_space_char)


def _classes(lines: Sequence[str], *, use_space_char: bool) -> list[str]:
    if lines[-1] == "":
        lines = lines[:-1]
    # Windows' editors write a mark before the first character; alone on its line it is the character.
    lines = [line.removeprefix(_BYTE_ORDER_MARK) or line for line in lines[:1]] + list(lines[1:])
    return ["", *(line.rstrip("\r") for line in lines), *([" "] if use_space_char else [])]


def decode(
    ids: npt.NDArray[np.integer],
    scores: npt.NDArray[np.float32],
    characters: list[str],
    *,
    right_to_left: bool | None = False,
    columns: bool = False,
) -> Reading:
    """Collapse one line's steps: drop repeats of the step before, then blanks.

    Args:
        ids: integers (steps,), the class of each step.
        scores: float32 (steps,), its probability, 0 to 1.
        characters: as :func:`read_characters` returns them.
        right_to_left: put the line into reading order, as PaddleOCR does for an Arabic model; None for
            what the letters of the line say.
        columns: the reading says at which step each character was read; its ``steps`` are all there are.
    """
    kept = ids != BLANK
    kept[1:] &= ids[1:] != ids[:-1]
    if not kept.any():
        return Reading("", 0.0)
    read = [characters[i] for i in ids[kept]]
    text = "".join(read)
    confidence = float(scores[kept].mean())
    if right_to_left is False:
        spans = [(0, len(text))]
    else:
        spans = paddleocr_spans(text) if right_to_left else spans_by_letters(text)
    ordered = "".join(text[start:end] for start, end in spans)
    if not columns:
        return Reading(ordered, confidence)
    # An entry of a dictionary may be several characters.
    at = [step for step, entry in zip(np.flatnonzero(kept).tolist(), read, strict=True) for _ in entry]
    return Reading(ordered, confidence, tuple(i for span in spans for i in at[slice(*span)]), float(len(ids)))


def reverse(text: str) -> str:
    """Turn a line round as PaddleOCR does, but not the Latin words and numbers in it."""
    return "".join(text[start:end] for start, end in paddleocr_spans(text))
