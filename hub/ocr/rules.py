"""The rules by which the default mode reads a page otherwise than PaddleOCR, each with its switch.

With ``parity`` all of them are PaddleOCR's, whatever params.py says.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from hub.ocr.params import Params


class Rules(Params):
    #: A line is what is beside each other, by the height of the text and the tilt of the page.
    #: False: tops less than ten pixels apart, as in PaddleOCR.
    order_by_lines: bool = True
    #: A single tall character is read as it stands. False: what is half as high again as wide is turned.
    upright_characters: bool = True
    #: A page whose lines are upside down in their majority is read from its other end; needs the first rule.
    turn_pages: bool = True
    #: A picture much longer than the detector's limit is looked at part by part. False: it is scaled down.
    long_in_slices: bool = True
    #: Pieces of text that are looked at in a picture, from its bottom. None: all of them.
    det_db_max_candidates: Annotated[int, Field(gt=0)] | None = None
    #: Lines are turned round by their letters, or all of them if the dictionary's name contains "arabic".
    right_to_left: Literal["letters", "dictionary"] = "letters"


PADDLEOCR: Final = Rules(
    order_by_lines=False,
    upright_characters=False,
    turn_pages=False,
    long_in_slices=False,
    det_db_max_candidates=1000,
    right_to_left="dictionary",
)
