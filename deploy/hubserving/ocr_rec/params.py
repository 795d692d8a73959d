"""Parameters of ocr_rec: edit, then uninstall, install and start again.

The names are PaddleOCR's. Add those that you want to set: the others are the model's own, else PaddleOCR's
defaults. doc/ocr.md lists them, and "params" in init_args sets them without an edit.
"""

from __future__ import annotations


class Config:
    #: Text recognition: a weights name or a local folder. Its dictionary is inside, or rec_char_dict_path.
    rec_model_dir = "PP-OCRv6_small_rec"


def read_params() -> Config:
    """Return the parameters, one object with a field each."""
    return Config()
